/** What a create request means once the image's and the engine's defaults are in. Pure: plain data in and out. */
import { posix } from 'node:path';
import { shortId } from '../../../formats/digest.ts';
import type { ContainerConfig, CreateRequest, HostConfig } from '../../../model/container.ts';
import { containerFailure } from '../../../model/failures/container.ts';
import { settingFailure } from '../../../model/failures/setting.ts';
import type { ImageConfig } from '../../../model/image.ts';
import { hostsFile, resolverFile } from '../../../network/index.ts';
import { networkModeOf } from '../../networks/index.ts';
import { parseSignal } from '../../processes/signals.ts';
import { type HostFacts, settleHostConfig } from './host-config.ts';

/** A request with every default filled in. */
export interface Settled {
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  readonly path: string;
  readonly args: readonly string[];
  readonly warnings: readonly string[];
}

/** @throws InvalidArgument, Conflict, NotFound, NotImplemented: with what the request cannot have */
export function settle(id: string, request: CreateRequest, image: ImageConfig, facts: HostFacts): Settled {
  const { HostConfig: asked = {}, NetworkingConfig: _networking, ...own } = request;
  checkHealth(own);
  const { hostConfig, warnings } = settleHostConfig(asked, facts);
  const config = mergeConfig(id, own, image, hostConfig, facts);
  checkConfig(config);
  checkText(config, hostConfig);
  const words = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
  const [path, ...args] = words;
  if (path === undefined || path === '') throw containerFailure.noCommand();
  return { config, hostConfig, path, args, warnings };
}

function mergeConfig(
  id: string,
  own: ContainerConfig,
  image: ImageConfig,
  host: HostConfig,
  facts: HostFacts,
): ContainerConfig {
  const network = networkModeOf(host).is;
  return {
    ...own,
    // In another container's network it gets that one's name, when it starts.
    Hostname:
      own.Hostname || (network === 'host' ? facts.hostname : network === 'container' ? '' : shortId(id)),
    Domainname: own.Domainname ?? '',
    User: own.User || (image.User ?? ''),
    AttachStdin: own.AttachStdin ?? false,
    AttachStdout: own.AttachStdout ?? false,
    AttachStderr: own.AttachStderr ?? false,
    Tty: own.Tty ?? false,
    OpenStdin: own.OpenStdin ?? false,
    StdinOnce: own.StdinOnce ?? false,
    ...exposed(own, image, host),
    Env: mergeEnv(own.Env ?? [], image.Env ?? []),
    ...mergeCommand(own, image),
    ...mergeHealth(own, image),
    Volumes: unlessEmpty({ ...image.Volumes, ...own.Volumes }),
    WorkingDir: cleanDirectory(own.WorkingDir || (image.WorkingDir ?? '')),
    Labels: { ...image.Labels, ...own.Labels },
    ...(own.StopSignal || image.StopSignal ? { StopSignal: own.StopSignal || image.StopSignal } : {}),
    Shell: own.Shell?.length ? own.Shell : undefined, // the image's is for its builds alone
  } as ContainerConfig;
}

/** Without `.`, `..` and doubled slashes, as inspect has always shown it. */
const cleanDirectory = (path: string): string =>
  path === '' ? '' : posix.normalize(path).replace(/(.)\/$/, '$1');

const unlessEmpty = <T extends object>(members: T): T | undefined =>
  Object.keys(members).length > 0 ? members : undefined;

/** A published port is exposed, whether the client said so or not. */
function exposed(
  own: ContainerConfig,
  image: ImageConfig,
  host: HostConfig,
): Pick<ContainerConfig, 'ExposedPorts'> {
  const all = {
    ...withProtocol(image.ExposedPorts),
    ...withProtocol(own.ExposedPorts),
    ...withProtocol(host.PortBindings),
  };
  return Object.keys(all).length > 0 ? { ExposedPorts: all } : {};
}
/** What goes into files that name servers and hosts are read from. @throws InvalidArgument */
export function checkText(config: ContainerConfig, host: HostConfig): void {
  const { Dns = [], DnsSearch = [], DnsOptions = [], ExtraHosts = [] } = host;
  resolverFile({ host: '', dns: Dns, search: DnsSearch, options: DnsOptions, onHostNetwork: false });
  hostsFile({
    hostname: config.Hostname || 'localhost',
    domainname: config.Domainname ?? '',
    addresses: [],
    extraHosts: ExtraHosts,
    hostGateway: '127.0.0.1', // the true one is not known before the start
    ipv6Loopback: true,
  });
}
/** A port that says no protocol is one of TCP. */
const withProtocol = (ports: Readonly<Record<string, unknown>> | undefined): Record<string, object> =>
  Object.fromEntries(
    eachPort(Object.keys(ports ?? {})).map((port) => [port.includes('/') ? port : `${port}/tcp`, {}]),
  );

const PORT_MAX = 65_535;
/** Ports that rows may stand for, as many as a container can publish: short texts make long rows. */
const IN_ROWS_MAX = 4096;

/** `91-92/udp`, as Compose sends what a file exposes, port by port; what is no row of ports as it stands. @throws InvalidArgument */
function eachPort(texts: readonly string[]): readonly string[] {
  const all: string[] = [];
  let inRows = 0;
  for (const text of texts) {
    const [, first = text, last, protocol = ''] = /^(\d{1,5})-(\d{1,5})(\/\w+)?$/.exec(text) ?? [];
    const count = Number(last ?? first) - Number(first) + 1;
    if (last === undefined || count < 1 || Number(last) > PORT_MAX) {
      all.push(text);
      continue;
    }
    inRows += count;
    if (inRows > IN_ROWS_MAX) throw settingFailure.portInvalid({ port: text });
    for (let port = Number(first); port <= Number(last); port++) all.push(`${port}${protocol}`);
  }
  return all;
}

/** The request's variables first; the image's where the request does not speak of them. */
export function mergeEnv(own: readonly string[], image: readonly string[]): string[] {
  const named = new Set(own.map((entry) => entry.split('=')[0]));
  return [...own, ...image.filter((entry) => !named.has(entry.split('=')[0]))];
}

/**
 * An entry point of the request's own sets aside the image's command, and so does `[""]`, which is none. An empty list
 * takes the image's entry point away and leaves its command; only silence leaves both.
 */
function mergeCommand(
  own: ContainerConfig,
  image: ImageConfig,
): { readonly [P in 'Cmd' | 'Entrypoint']: ContainerConfig[P] | undefined } {
  const said = own.Entrypoint;
  const cmd = own.Cmd?.length || said?.length ? own.Cmd : image.Cmd;
  const entrypoint = said?.length === 1 && said[0] === '' ? undefined : (said ?? image.Entrypoint);
  return { Cmd: cmd, Entrypoint: entrypoint };
}

function mergeHealth(own: ContainerConfig, image: ImageConfig): Pick<ContainerConfig, 'Healthcheck'> {
  const merged = {
    ...image.Healthcheck,
    ...Object.fromEntries(
      Object.entries(own.Healthcheck ?? {}).filter(
        ([, value]) => value !== 0 && !(Array.isArray(value) && value.length === 0),
      ),
    ),
  };
  return Object.keys(merged).length > 0 ? { Healthcheck: merged } : {};
}

/** One millisecond. */
const SPAN_NANOS_MIN = 1e6;

/** @throws InvalidArgument in the words of the first engine */
function checkHealth({ Healthcheck: check }: ContainerConfig): void {
  for (const name of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval'] as const) {
    const nanos = check?.[name] ?? 0;
    if (nanos !== 0 && nanos < SPAN_NANOS_MIN) throw settingFailure.healthTooShort({ name });
  }
  if ((check?.Retries ?? 0) < 0) throw settingFailure.healthRetriesNegative();
}

/** Limits of what one container may say about itself: a record must stay small enough to rewrite with each change. */
const WORDS_BYTES_MAX = 2 << 20;

function checkConfig(config: ContainerConfig): void {
  if (config.WorkingDir && !config.WorkingDir.startsWith('/'))
    throw settingFailure.workingDirRelative({ directory: config.WorkingDir });
  for (const entry of config.Env ?? [])
    if (entry === '' || entry.startsWith('=')) throw settingFailure.environmentInvalid({ entry });
  const words = [...(config.Env ?? []), ...(config.Cmd ?? []), ...(config.Entrypoint ?? [])];
  if (words.some((word) => word.includes('\0'))) throw settingFailure.commandHasNul();
  if (words.reduce((sum, word) => sum + Buffer.byteLength(word), 0) > WORDS_BYTES_MAX)
    throw settingFailure.commandTooLong();
  if (config.WorkingDir?.includes('\0') || config.User?.includes('\0')) throw settingFailure.pathHasNul();
  parseSignal(config.StopSignal, 0);
  if (
    config.Hostname !== undefined &&
    config.Hostname !== '' &&
    !/^[a-zA-Z0-9]([a-zA-Z0-9._-]{0,61}[a-zA-Z0-9])?$/.test(config.Hostname)
  )
    throw settingFailure.hostnameInvalid({ hostname: config.Hostname });
  for (const port of Object.keys(config.ExposedPorts ?? {}))
    if (!/^\d{1,5}\/(tcp|udp|sctp)$/.test(port) || Number(port.split('/')[0]) > PORT_MAX)
      throw settingFailure.portInvalid({ port });
}
