/** What a daemon is told: checked, complete, plain data. The command line makes it, `runDaemon` takes it. */

import { resolve } from 'node:path';
import ipaddr from 'ipaddr.js';
import { InvalidArgument, inContext } from '../base/errors.ts';
import type { IdMap } from '../base/id-map.ts';
import type { Level } from '../base/log.ts';
import { settingContext } from '../model/failures/setting.ts';
import { ULIMIT_NAMES } from '../model/host-config.ts';
import { checkLogOptions, DEFAULT_LOG_DRIVER, LOG_DRIVERS, type LogDriver } from '../model/log-options.ts';
import type { Proxies } from '../registry/index.ts';
import { type BrowserOptions, readBrowserOptions } from './browser-options.ts';
import { type BuilderOptions, readBuilder } from './builder-options.ts';
import { type ContainerDefaults, readContainerDefaults } from './container-defaults.ts';
import { findOnPath } from './find-on-path.ts';
import { DEFAULT_SOCKET, formatHost, type Host, parseHost } from './hosts.ts';
import { type NetworkOptions, readNetworkOptions } from './network-options.ts';
import { type Environment, readProxies } from './proxies.ts';
import type { SettingValue, Values } from './settings.ts';
import { readTls, type TlsOptions } from './tls-options.ts';

/** A runtime of `--add-runtime`. */
export interface RuntimeOption {
  /** Absolute where it was found; a name that is not on the PATH stays as given, and fails when it is used. */
  readonly path: string;
  readonly args: readonly string[];
}

/** A limit of `--default-ulimit`. */
export interface UlimitOption {
  /** -1: unlimited. */
  readonly soft: number;
  readonly hard: number;
}

/** Everything a daemon can be told. */
export interface DaemonOptions extends BrowserOptions, BuilderOptions, ContainerDefaults, NetworkOptions {
  readonly hosts: readonly Host[];
  /** For the TCP sockets among them; undefined: they are plain. */
  readonly tls: TlsOptions | undefined;
  /** Group of the unix sockets: a name or a number. Undefined: `docker` if it exists. Empty: none. */
  readonly group: string | undefined;
  readonly dataRoot: string;
  readonly execRoot: string;
  /** As `--userns-remap` has it: whose subordinate ids containers have. Undefined: the host's. */
  readonly usernsRemap: string | undefined;
  /** These ids, when they were looked up. */
  readonly idMap?: IdMap | undefined;
  readonly pidFile: string;
  readonly logLevel: Level;
  /** Whether each version of the API is shown as an OpenAPI document. */
  readonly openApi: boolean;
  /** `key=value`, in the order given. */
  readonly labels: readonly string[];
  readonly runtimes: ReadonlyMap<string, RuntimeOption>;
  readonly defaultRuntime: string;
  readonly defaultUlimits: ReadonlyMap<string, UlimitOption>;
  readonly dns: readonly string[];
  readonly dnsOptions: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly logDriver: LogDriver;
  readonly logOptions: Readonly<Record<string, string>>;
  readonly registryMirrors: readonly string[];
  readonly insecureRegistries: readonly string[];
  readonly proxies: Proxies;
  readonly maxConcurrentDownloads: number;
  readonly maxConcurrentUploads: number;
  /** How long open requests may go on when the daemon is told to stop; undefined: without limit. */
  readonly shutdownTimeoutMs: number | undefined;
}

export { findOnPath } from './find-on-path.ts';

const DEFAULT_SHUTDOWN_TIMEOUT_SECONDS = 15;
const LEVELS: readonly Level[] = ['debug', 'info', 'warn', 'error', 'fatal'];

/**
 * Checks what flags and configuration file brought, and fills in what they left out.
 * @throws InvalidArgument, one line that names the setting
 */
export function optionsFrom(
  values: Values,
  path: string = process.env.PATH ?? '',
  environment: Environment = process.env,
): DaemonOptions {
  const runtimes = readRuntimes(recordOf(values.get('runtimes')), path);
  refuseSwitchedOff(values);
  const tls = readTls(values, environment);
  oneOf('storage-driver', text(values, 'storage-driver'), ['overlay2'], 'overlay2');
  return {
    hosts: readHosts(list(values, 'hosts'), tls !== undefined),
    tls,
    ...readBrowserOptions(values),
    group: text(values, 'group'),
    dataRoot: directory('data-root', text(values, 'data-root'), '/var/lib/gantry'),
    execRoot: directory('exec-root', text(values, 'exec-root'), '/var/run/gantry'),
    usernsRemap: readRemap(text(values, 'userns-remap')),
    pidFile: directory('pidfile', text(values, 'pidfile'), '/var/run/gantry.pid'),
    logLevel:
      values.get('debug') === true ? 'debug' : oneOf('log-level', text(values, 'log-level'), LEVELS, 'info'),
    openApi: values.get('openapi') !== false,
    labels: readLabels(list(values, 'labels')),
    runtimes,
    defaultRuntime: readDefaultRuntime(text(values, 'default-runtime'), runtimes),
    ...readNetworkOptions(values),
    defaultUlimits: readUlimits(recordOf(values.get('default-ulimits'))),
    ...readContainerDefaults(values, path),
    dns: list(values, 'dns').map(readAddress),
    dnsOptions: list(values, 'dns-opts'),
    dnsSearch: list(values, 'dns-search').map(readDomain),
    ...readLogging(values),
    registryMirrors: list(values, 'registry-mirrors').map(readMirror),
    insecureRegistries: list(values, 'insecure-registries').map(readRegistry),
    proxies: readProxies(values, environment),
    maxConcurrentDownloads: readCount(values, 'max-concurrent-downloads', 3),
    maxConcurrentUploads: readCount(values, 'max-concurrent-uploads', 5),
    ...readBuilder(values.get('builder')),
    shutdownTimeoutMs: readShutdownTimeout(values.get('shutdown-timeout')),
  };
}

const ALWAYS_ON: Readonly<Record<string, string>> = {
  'live-restore': 'containers always outlive the daemon',
};

/** What dockerd's users may switch off and Gantry cannot: saying so beats ignoring it. */
function refuseSwitchedOff(values: Values): void {
  for (const [key, reason] of Object.entries(ALWAYS_ON))
    if (values.get(key) === false) throw new InvalidArgument(`${key} cannot be switched off: ${reason}`);
}

// The kinds of the values were checked when they were read (settings.ts, config-file.ts): these only narrow.
const text = (values: Values, key: string): string | undefined => values.get(key) as string | undefined;
const list = (values: Values, key: string): readonly string[] => (values.get(key) ?? []) as readonly string[];
const recordOf = (value: SettingValue | undefined) => (value ?? {}) as Readonly<Record<string, unknown>>;
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function oneOf<T extends string | undefined>(
  key: string,
  given: string | undefined,
  known: readonly T[],
  absent: T,
): T {
  if (given === undefined) return absent;
  const found = known.find((each) => each === given);
  if (found === undefined)
    throw new InvalidArgument(
      `${key}: unknown ${JSON.stringify(given)} (know ${known.filter(Boolean).join(', ')})`,
    );
  return found;
}

function directory(key: string, given: string | undefined, absent: string): string {
  if (given === '') throw new InvalidArgument(`${key}: is empty`);
  return resolve(given ?? absent);
}

function readHosts(given: readonly string[], tls: boolean): readonly Host[] {
  if (given.length === 0) return [{ kind: 'unix', path: DEFAULT_SOCKET }];
  const hosts = given.map((each) => parseHost(each, tls));
  const spelled = hosts.map(formatHost);
  const twice = spelled.find((each, i) => spelled.indexOf(each) !== i);
  if (twice !== undefined) throw new InvalidArgument(`host ${twice}: given twice`);
  return hosts;
}

function readLabels(given: readonly string[]): readonly string[] {
  const seen = new Map<string, string>();
  for (const label of given) {
    const at = label.indexOf('=');
    if (at < 1) throw new InvalidArgument(`label ${label}: not KEY=VALUE`);
    const before = seen.get(label.slice(0, at));
    if (before !== undefined && before !== label)
      throw new InvalidArgument(`labels ${before} and ${label} contradict each other`);
    seen.set(label.slice(0, at), label);
  }
  return [...seen.values()];
}

function readRuntimes(given: Readonly<Record<string, unknown>>, path: string): Map<string, RuntimeOption> {
  const runtimes = new Map<string, RuntimeOption>();
  for (const name of ['crun', 'runc']) {
    const file = findOnPath(name, path);
    if (file !== undefined) runtimes.set(name, { path: file, args: [] });
  }
  // Without either the names stay known, so that the first start says what is missing.
  if (runtimes.size === 0) runtimes.set('crun', { path: 'crun', args: [] });
  for (const [name, value] of Object.entries(given)) {
    if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) throw new InvalidArgument(`runtime ${name}: not a name`);
    runtimes.set(name, readRuntime(name, value, path));
  }
  return runtimes;
}

function readRuntime(name: string, value: unknown, searchPath: string): RuntimeOption {
  const { path, runtimeArgs = [] } = isRecord(value) ? value : {};
  if (typeof path !== 'string' || path === '') throw new InvalidArgument(`runtime ${name}: has no path`);
  if (!Array.isArray(runtimeArgs) || !runtimeArgs.every((each) => typeof each === 'string'))
    throw new InvalidArgument(`runtime ${name}: runtimeArgs must be a list of strings`);
  const found = path.includes('/') ? resolve(path) : findOnPath(path, searchPath);
  return { path: found ?? path, args: runtimeArgs };
}

function readDefaultRuntime(given: string | undefined, runtimes: ReadonlyMap<string, RuntimeOption>): string {
  const name = given ?? (runtimes.has('crun') ? 'crun' : 'runc');
  if (!runtimes.has(name))
    throw new InvalidArgument(`default-runtime: unknown ${name} (know ${[...runtimes.keys()].join(', ')})`);
  return name;
}

function readUlimits(given: Readonly<Record<string, unknown>>): Map<string, UlimitOption> {
  const limits = new Map<string, UlimitOption>();
  for (const [name, value] of Object.entries(given)) {
    if (!ULIMIT_NAMES.includes(name)) throw new InvalidArgument(`default-ulimit ${name}: unknown limit`);
    const { Soft: soft, Hard: hard = soft } = isRecord(value) ? value : {};
    if (!Number.isSafeInteger(soft) || !Number.isSafeInteger(hard))
      throw new InvalidArgument(`default-ulimit ${name}: Soft and Hard must be whole numbers`);
    limits.set(name, orderedUlimit(name, soft as number, hard as number));
  }
  return limits;
}

function orderedUlimit(name: string, soft: number, hard: number): UlimitOption {
  if (soft < -1 || hard < -1) throw new InvalidArgument(`default-ulimit ${name}: below -1 (unlimited)`);
  if (hard !== -1 && (soft === -1 || soft > hard))
    throw new InvalidArgument(`default-ulimit ${name}: the soft limit exceeds the hard one`);
  return { soft, hard };
}

function readAddress(given: string): string {
  if (!ipaddr.isValid(given) || (!given.includes(':') && !ipaddr.IPv4.isValidFourPartDecimal(given)))
    throw new InvalidArgument(`dns ${given}: not an IP address`);
  return given;
}

function readDomain(given: string): string {
  const domain = given.replace(/\.$/, '');
  if (given !== '.' && !/^(?!.{254})[a-zA-Z0-9_-]{1,63}(\.[a-zA-Z0-9_-]{1,63})*$/.test(domain))
    throw new InvalidArgument(`dns-search ${given}: not a domain`);
  return given;
}

function readLogging(values: Values): Pick<DaemonOptions, 'logDriver' | 'logOptions'> {
  const logDriver = oneOf('log-driver', text(values, 'log-driver'), LOG_DRIVERS, DEFAULT_LOG_DRIVER);
  const given = recordOf(values.get('log-opts'));
  for (const [name, value] of Object.entries(given))
    if (typeof value !== 'string') throw new InvalidArgument(`log-opts ${name}: must be a string`);
  const logOptions = given as Readonly<Record<string, string>>;
  try {
    checkLogOptions(logDriver, logOptions);
  } catch (error) {
    throw inContext(error, settingContext.logOptions());
  }
  return { logDriver, logOptions };
}

function readMirror(given: string): string {
  const url = URL.parse(given);
  if (!url || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '' || url.username !== '')
    throw new InvalidArgument(`registry-mirror ${given}: not a plain http or https URL`);
  return given.endsWith('/') ? given : `${given}/`;
}

function readRegistry(given: string): string {
  if (ipaddr.isValidCIDR(given)) return given;
  if (!/^(\[[0-9a-fA-F:]+\]|[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?)(:\d{1,5})?$/.test(given))
    throw new InvalidArgument(`insecure-registry ${given}: not HOST, HOST:PORT or a subnet`);
  return given;
}

/** Whether there are such users is asked of the host when the daemon starts. @throws InvalidArgument */
function readRemap(given: string | undefined): string | undefined {
  if (given === undefined || given === '') return undefined;
  if (!/^[^:\s]+(:[^:\s]+)?$/.test(given))
    throw new InvalidArgument(`userns-remap ${given}: not default, USER, USER:GROUP, UID or UID:GID`);
  return given;
}

function readShutdownTimeout(given: SettingValue | undefined): number | undefined {
  const seconds = (given as number | undefined) ?? DEFAULT_SHUTDOWN_TIMEOUT_SECONDS;
  if (seconds < -1) throw new InvalidArgument(`shutdown-timeout ${seconds}: below -1 (no limit)`);
  return seconds === -1 ? undefined : seconds * 1000;
}

/** A number of things at a time: at least one. @throws InvalidArgument */
function readCount(values: Values, key: string, fallback: number): number {
  const count = Number(values.get(key) ?? fallback);
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgument(`${key} ${count}: must be 1 or more`);
  return count;
}
