/** Settings of the daemon that stand for what containers do not say themselves. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { codeOf, InvalidArgument, messageOf } from '../base/errors.ts';
import { type CgroupDriver, checkCgroupParent, parseSeccomp, readCgroupHost } from '../runtime/index.ts';
import { findOnPath } from './find-on-path.ts';
import type { Values } from './settings.ts';

const DEFAULT_SHM_BYTES = 64 << 20;
/** Statically linked ones first: an init runs in the container, whose libraries are not the host's. */
export const INITS: readonly string[] = ['docker-init', 'tini-static', 'tini'];

/** As dockerd has it. */
const CDI_SPEC_DIRS: readonly string[] = ['/etc/cdi', '/var/run/cdi'];

/** What containers get that do not say it themselves, as the daemon's settings have it. */
export interface ContainerDefaults {
  readonly cgroupDriver: CgroupDriver;
  /** A control group, or a slice with systemd. Undefined: the engine's own. */
  readonly cgroupParent: string | undefined;
  /** What all containers together may use of the processors as real-time processes. */
  readonly realtime: { readonly periodMicros: number; readonly runtimeMicros: number };
  readonly shmBytes: number;
  readonly ipcMode: 'private' | 'shareable';
  readonly cgroupnsMode: 'private' | 'host' | undefined;
  /** `builtin`, `unconfined`, or the text of a profile. */
  readonly seccomp: string;
  readonly noNewPrivileges: boolean;
  readonly init: boolean;
  /** Undefined: the host has none. */
  readonly initPath: string | undefined;
  /** Absolute; where devices are described. */
  readonly cdiSpecDirs: readonly string[];
}

/** @throws InvalidArgument, one line that names the setting */
export function readContainerDefaults(values: Values, searchPath: string): ContainerDefaults {
  const text = (key: string) => values.get(key) as string | undefined;
  const cgroupDriver = readCgroupDriver((values.get('exec-opts') ?? []) as readonly string[]);
  const init = values.get('init') === true;
  const initPath = readInitPath(text('init-path'), searchPath);
  if (init && initPath === undefined)
    throw new InvalidArgument('init: there is no docker-init and no tini on the PATH: install tini');
  return {
    cgroupDriver,
    cgroupParent: readCgroupParent(cgroupDriver, text('cgroup-parent')),
    realtime: {
      periodMicros: readMicros(values, 'cpu-rt-period'),
      runtimeMicros: readMicros(values, 'cpu-rt-runtime'),
    },
    shmBytes: readSize('default-shm-size', text('default-shm-size'), DEFAULT_SHM_BYTES),
    ipcMode: oneOf('default-ipc-mode', text('default-ipc-mode') ?? 'private', ['private', 'shareable']),
    cgroupnsMode: readCgroupnsMode(text('default-cgroupns-mode')),
    seccomp: readSeccomp(text('seccomp-profile')),
    noNewPrivileges: values.get('no-new-privileges') === true,
    init,
    initPath,
    cdiSpecDirs: readDirectories(values.get('cdi-spec-dirs') as readonly string[] | undefined),
  };
}

/** An empty one switches the defaults off, as dockerd has it. */
const readDirectories = (given: readonly string[] = CDI_SPEC_DIRS): readonly string[] =>
  given.filter(Boolean).map((directory) => resolve(directory));

function oneOf<T extends string>(key: string, given: string, known: readonly T[]): T {
  const found = known.find((each) => each === given);
  if (found === undefined)
    throw new InvalidArgument(`${key}: unknown ${JSON.stringify(given)} (know ${known.join(', ')})`);
  return found;
}

/** As dockerd: systemd where it runs and control groups are of version 2, unless told otherwise. */
function readCgroupDriver(options: readonly string[], booted = isSystemdHere()): CgroupDriver {
  let driver: CgroupDriver | undefined;
  for (const option of options) {
    const [, name = option, value = ''] = /^([^=]*)=(.*)$/s.exec(option) ?? [];
    if (name.toLowerCase() !== 'native.cgroupdriver')
      throw new InvalidArgument(`exec-opt ${option}: unknown (know native.cgroupdriver=cgroupfs or systemd)`);
    driver =
      value === ''
        ? undefined
        : oneOf('exec-opt native.cgroupdriver', value, ['cgroupfs', 'systemd'] as const);
  }
  if (driver === 'systemd' && !booted)
    throw new InvalidArgument('exec-opt native.cgroupdriver=systemd: systemd does not run here');
  return driver ?? (booted && readCgroupHost().version === 2 ? 'systemd' : 'cgroupfs');
}

/** sd_booted(3). */
function isSystemdHere(): boolean {
  try {
    readFileSync('/run/systemd/system');
    return false;
  } catch (error) {
    return codeOf(error) === 'EISDIR';
  }
}

function readCgroupParent(driver: CgroupDriver, given: string | undefined): string | undefined {
  if (given === undefined || given === '') return undefined;
  checkCgroupParent(driver, given);
  return given;
}

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
};

/** `64m`, `20GB`, `65536`, in bytes; a unit may end in `b` or `ib`. @throws InvalidArgument naming the setting */
export function readSize(key: string, given: string | undefined, absent: number): number {
  if (given === undefined) return absent;
  const [, number, unit = ''] = /^(\d{1,12})\s*(|b|[kmgt](?:i?b)?)$/i.exec(given.trim()) ?? [];
  const bytes = Number(number) * (UNITS[unit.toLowerCase().replace(/i?b$/, '')] ?? 1);
  if (number === undefined || !Number.isSafeInteger(bytes) || bytes <= 0)
    throw new InvalidArgument(`${key} ${given}: not a size`);
  return bytes;
}

function readMicros(values: Values, key: string): number {
  const micros = (values.get(key) ?? 0) as number;
  if (micros < 0 || micros > 1_000_000)
    throw new InvalidArgument(`${key} ${micros}: not between 0 and 1000000`);
  return micros;
}

function readCgroupnsMode(given: string | undefined): 'private' | 'host' | undefined {
  return given === undefined || given === ''
    ? undefined
    : oneOf('default-cgroupns-mode', given, ['private', 'host'] as const);
}

function readSeccomp(given: string | undefined): string {
  if (given === undefined || given === '') return 'builtin';
  if (given === 'builtin' || given === 'unconfined') return given;
  try {
    const profile = readFileSync(resolve(given), 'utf8');
    parseSeccomp(profile);
    return profile;
  } catch (error) {
    throw new InvalidArgument(`seccomp-profile ${given}: ${codeOf(error) ?? messageOf(error)}`, {
      cause: error,
    });
  }
}

function readInitPath(given: string | undefined, searchPath: string): string | undefined {
  if (given === undefined || given === '')
    return INITS.map((name) => findOnPath(name, searchPath)).find((file) => file !== undefined);
  const file = findOnPath(
    given.replace(/^.*\//, ''),
    given.includes('/') ? resolve(given, '..') : searchPath,
  );
  if (file === undefined || (given.includes('/') && file !== resolve(given)))
    throw new InvalidArgument(`init-path ${given}: not an executable file`);
  return file;
}
