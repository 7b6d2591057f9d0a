/** Looks whether this host can run the engine: each precondition with what was found and how to mend it. */
import { execFileSync } from 'node:child_process';
import { readFileSync, statfsSync } from 'node:fs';
import { connect } from 'node:net';
import { release } from 'node:os';
import { messageOf } from '../base/errors.ts';
import { type CgroupHost, chooseExitSource, readCgroupHost } from '../runtime/index.ts';
import { INITS } from './container-defaults.ts';
import { type Mount, parseMounts, readMountInfo } from './host-files.ts';
import { DEFAULT_SOCKET, type Host } from './hosts.ts';
import { findOnPath, type RuntimeOption } from './options.ts';
import * as probes from './probes.ts';

/** One precondition, looked at. */
export interface Check {
  readonly name: string;
  /** `degraded`: the engine runs, with less. */
  readonly state: 'ok' | 'degraded' | 'missing';
  readonly found: string;
  /** What to do about it; absent when all is well. */
  readonly mend?: string;
}

/** What of the daemon's options the checks look at. */
export interface HostQuestion {
  readonly dataRoot: string;
  readonly runtimes: ReadonlyMap<string, RuntimeOption>;
  readonly hosts: readonly Host[];
}

const KERNEL_MIN: readonly [number, number] = [5, 10];
const DISK_LOW_BYTES = 1 << 30;
/** A hanging runtime must not hold the doctor. */
const COMMAND_TIMEOUT_MS = 10_000;

const ok = (name: string, found: string): Check => ({ name, state: 'ok', found });
const missing = (name: string, found: string, mend: string): Check => ({
  name,
  state: 'missing',
  found,
  mend,
});
const degraded = (name: string, found: string, mend: string): Check => ({
  name,
  state: 'degraded',
  found,
  mend,
});

/** All checks that the daemon depends on, in the order a person would mend them. Takes some milliseconds. */
export function checkHost(question: Omit<HostQuestion, 'hosts'>): readonly Check[] {
  const mountinfo = readMountInfo(); // once: with a thousand containers it is long
  const mounts = parseMounts(mountinfo);
  return [
    root(),
    architecture(),
    kernel(),
    capabilities(),
    ...kernelFeatures(question.dataRoot),
    cgroups(readCgroupHost(mountinfo), mounts),
    ...[...question.runtimes].map(([name, one]) => runtime(name, one, question.runtimes.size)),
    ...['xz', 'bzip2'].map(decompressor),
    git(),
    init(),
    disk(question.dataRoot),
    executableRoot(question.dataRoot, mounts),
  ];
}

/** {@link checkHost}, and whether the places to listen are free: only of use while no engine of ours runs. */
export async function examine(question: HostQuestion): Promise<readonly Check[]> {
  return [...checkHost(question), ...(await Promise.all(question.hosts.map(socketFree)))];
}

const isRoot = (): boolean => process.geteuid?.() === 0;

function root(): Check {
  if (isRoot()) return ok('root', 'running as root');
  return missing('root', `running as user ${process.geteuid?.()}`, 'run it as root, with sudo for example');
}

function architecture(): Check {
  if (process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch))
    return ok('machine', process.arch);
  return missing('machine', `${process.platform}/${process.arch}`, 'use Linux on x86-64 or arm64');
}

function kernel(): Check {
  const [major = 0, minor = 0] = release().split(/[.-]/).map(Number);
  const wanted = `Linux ${KERNEL_MIN.join('.')}`;
  if (major > KERNEL_MIN[0] || (major === KERNEL_MIN[0] && minor >= KERNEL_MIN[1]))
    return ok('kernel', release());
  return missing('kernel', release(), `start a kernel from ${wanted} on (Debian 11 and later have one)`);
}

/** Numbers from linux/capability.h. The engine needs them for itself; containers get fewer. */
const NEEDED_CAPABILITIES: Readonly<Record<string, number>> = {
  CAP_CHOWN: 0,
  CAP_DAC_OVERRIDE: 1,
  CAP_FOWNER: 3,
  CAP_KILL: 5,
  CAP_SETGID: 6,
  CAP_SETUID: 7,
  CAP_NET_ADMIN: 12,
  CAP_SYS_CHROOT: 18,
  CAP_SYS_PTRACE: 19,
  CAP_SYS_ADMIN: 21,
  CAP_MKNOD: 27,
};
const CAP_SYS_RESOURCE = 24;

function capabilities(): Check {
  const effective = BigInt(
    `0x${/^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'}`,
  );
  const has = (bit: number): boolean => ((effective >> BigInt(bit)) & 1n) === 1n;
  const lacking = Object.keys(NEEDED_CAPABILITIES).filter((name) => !has(NEEDED_CAPABILITIES[name] ?? 0));
  const name = 'capabilities';
  if (lacking.length > 0)
    return missing(
      name,
      `without ${lacking.join(', ')}`,
      'run it as real root, outside of unprivileged containers',
    );
  if (has(CAP_SYS_RESOURCE)) return ok(name, 'all that are needed');
  return degraded(
    name,
    'without CAP_SYS_RESOURCE: limits of containers cannot be raised above this process’s own',
    'give the capability, or be content',
  );
}

function kernelFeatures(dataRoot: string): Check[] {
  const load = (module: string): string => `modprobe ${module}, or a kernel with it`;
  const newer = (version: string): string => `start a kernel from Linux ${version} on`;
  return [
    needsRoot(
      'overlay',
      () => probes.tryOverlay(dataRoot),
      missing,
      `${load('overlay')}; the data root must lie on a file system like ext4, xfs or btrfs`,
    ),
    needsRoot('veth', () => probes.tryLinkKind('veth'), missing, load('veth')),
    needsRoot('bridge', () => probes.tryLinkKind('bridge'), missing, load('bridge')),
    needsRoot('nf_tables', probes.tryNfTables, missing, load('nf_tables')),
    feature('pidfd', probes.tryPidfd, missing, newer('5.6')),
    feature('openat2', probes.tryOpenat2, missing, newer('5.6')),
    feature('seccomp', probes.trySeccomp, missing, 'start a kernel built with seccomp filters'),
    exitCodes(),
  ];
}

type Verdict = typeof missing;

function feature(name: string, trial: () => probes.Trouble, otherwise: Verdict, mend: string): Check {
  const trouble = probes.attempt(trial);
  return trouble === undefined ? ok(name, 'works') : otherwise(name, trouble, mend);
}

function needsRoot(name: string, trial: () => probes.Trouble, otherwise: Verdict, mend: string): Check {
  if (!isRoot()) return degraded(name, 'not tried: only root can', 'run the doctor as root');
  return feature(name, trial, otherwise, mend);
}

const WANTED_CONTROLLERS = ['cpu', 'memory', 'pids'];

/** Exported for its test: no machine has all kinds. */
export function cgroups(host: CgroupHost, mounts: readonly Mount[]): Check {
  const name = 'cgroups';
  if (host.mounts.size === 0)
    return missing(name, 'no cgroup file system is mounted', 'mount cgroup2 on /sys/fs/cgroup');
  const hidden = host.hide === undefined ? '' : `; hybrid: cgroup2 at ${host.hide}, hidden from the runtime`;
  const shown = `v${host.version}, ${[...host.controllers].sort().join(' ')}${hidden}`;
  const points = new Set(host.mounts.values());
  if (mounts.some((one) => points.has(one.point) && one.flags.includes('ro')))
    return missing(name, `${shown}; read-only`, 'mount it writable');
  const lacking = WANTED_CONTROLLERS.filter((each) => !host.controllers.has(each));
  if (lacking.length === 0) return ok(name, shown);
  return degraded(
    name,
    `${shown}; without ${lacking.join(', ')}: such limits have no effect`,
    `enable them on the kernel’s command line (cgroup_enable=${lacking.join(',')})`,
  );
}

const EXIT_SOURCES = { pidfd: 'kept by pidfds', connector: 'told by process events' } as const;

/** How the end of a container is known that happens while no daemon runs. */
function exitCodes(): Check {
  const name = 'exit codes';
  const source = chooseExitSource(undefined);
  if (source !== 'none') return ok(name, EXIT_SOURCES[source]);
  return degraded(
    name,
    'that of a container which ends while no daemon runs is unknown',
    'start a kernel from Linux 6.15 on, or one with process events (CONFIG_PROC_EVENTS)',
  );
}

function runtime(name: string, option: RuntimeOption, count: number): Check {
  const otherwise = count > 1 ? degraded : missing;
  const mend = `apt-get install ${name === 'runc' ? 'runc' : 'crun'}, or name another with --add-runtime`;
  const file = option.path.includes('/') ? option.path : findOnPath(option.path);
  if (file === undefined) return otherwise(`runtime ${name}`, `no ${option.path} on the PATH`, mend);
  try {
    const said = execFileSync(file, ['--version'], {
      timeout: COMMAND_TIMEOUT_MS,
      encoding: 'utf8',
      stdio: 'pipe',
    });
    return ok(`runtime ${name}`, `${file}, ${said.split('\n')[0]?.replace(/^\w+ version /, '') ?? ''}`);
  } catch (error) {
    return otherwise(`runtime ${name}`, messageOf(error).split('\n')[0] ?? '', mend);
  }
}

function decompressor(name: string): Check {
  const file = findOnPath(name);
  if (file !== undefined) return ok(name, file);
  const debian = name === 'xz' ? 'xz-utils' : name;
  return degraded(
    name,
    `not found: archives compressed with ${name} are refused`,
    `apt-get install ${debian}`,
  );
}

function git(): Check {
  const file = findOnPath('git');
  if (file !== undefined) return ok('git', file);
  return degraded('git', 'not found: builds from git repositories are refused', 'apt-get install git');
}

function init(): Check {
  const file = INITS.map((name) => findOnPath(name)).find((each) => each !== undefined);
  if (file !== undefined) return ok('init', file);
  return degraded('init', 'not found: containers with --init do not start', 'apt-get install tini');
}

function disk(dataRoot: string): Check {
  const place = probes.existingParent(dataRoot);
  const { bavail, bsize } = statfsSync(place);
  const free = bavail * bsize;
  const found = `${(free / 2 ** 30).toFixed(1)} GiB free at ${place}`;
  return free >= DISK_LOW_BYTES
    ? ok('disk', found)
    : degraded('disk', found, 'free some space, or choose another --data-root');
}

function executableRoot(dataRoot: string, mounts: readonly Mount[]): Check {
  const place = probes.existingParent(dataRoot);
  const holding = mounts
    .filter((one) => one.point === '/' || place === one.point || place.startsWith(`${one.point}/`))
    .reduce<Mount | undefined>(
      (best, one) => (best && best.point.length > one.point.length ? best : one),
      undefined,
    );
  // In a chroot the root is no mount point, and pivot_root(2) refuses to leave it: no runtime can start a container.
  if (holding === undefined)
    return missing(
      'data root',
      'this is a chroot',
      'mount its directory on itself and pivot_root into it, or use a container',
    );
  const barring = ['noexec', 'nodev', 'ro'].filter((flag) => holding.flags.includes(flag));
  const found = `${holding.point} (${holding.type}${barring.length > 0 ? `, ${barring.join(', ')}` : ''})`;
  if (barring.length === 0) return ok('data root', found);
  const verdict = barring.includes('noexec') || barring.includes('ro') ? missing : degraded;
  return verdict('data root', found, 'mount it without these options, or choose another --data-root');
}

function socketFree(host: Host): Promise<Check> {
  if (host.kind === 'fd') return Promise.resolve(ok('socket', 'passed by systemd'));
  const where = host.kind === 'unix' ? { path: host.path } : { host: host.host, port: host.port };
  const shown = host.kind === 'unix' ? host.path : `${host.host}:${host.port}`;
  return new Promise((resolve) => {
    const probe = connect(where);
    probe.once('error', () => resolve(ok('socket', `${shown} is free`)));
    probe.once('connect', () => {
      probe.destroy();
      resolve(
        degraded(
          'socket',
          `${shown} is in use`,
          `stop what listens there, or choose another with -H${host.kind === 'unix' && host.path === DEFAULT_SOCKET ? ' unix:///run/gantry.sock' : ''}`,
        ),
      );
    });
  });
}

/** The report as `gantry doctor` prints it: one line a check, and a line below it on how to mend. */
export function formatChecks(checks: readonly Check[]): string {
  const width = Math.max(...checks.map((one) => one.name.length));
  return checks
    .map(
      (one) =>
        `${one.state.padEnd(8)}  ${one.name.padEnd(width)}  ${one.found}\n${one.mend === undefined ? '' : `${' '.repeat(width + 12)}mend: ${one.mend}\n`}`,
    )
    .join('');
}
