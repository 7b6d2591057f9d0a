/** The bare runtime: what a container costs with no engine at all. The bundle is what Gantry would hand to it. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import * as linux from '../../src/linux/index.ts';
import {
  bundleSpec,
  DEFAULT_CAPABILITIES,
  defaultSeccomp,
  hostCapabilities,
} from '../../src/runtime/index.ts';
import { busyboxRootfs } from '../../test/harness/image.ts';
import { hybridMount, removeCgroup } from '../cgroups.ts';
import { NotHere, type RuntimePeer } from './peer.ts';

const CRUN = '/usr/bin/crun';
const ENVIRONMENT = ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'];
const CGROUP = `gantry-bench-crun-${process.pid}`;
const OUTPUT_BYTES_MAX = 4096;

/** @throws NotHere */
export async function prepareCrun(directory: string): Promise<RuntimePeer> {
  if (!existsSync(CRUN)) throw new NotHere('Debian package crun is not installed');
  return new Crun(directory);
}

class Crun implements RuntimePeer {
  readonly is = 'runtime';
  readonly name = 'crun';
  readonly version: string;
  readonly #directory: string;
  readonly #nothing = openSync('/dev/null', 'r+');
  readonly #output: number;
  readonly #reactor = new linux.Reactor((error) => {
    throw error;
  });
  #count = 0;

  constructor(directory: string) {
    this.#directory = directory;
    mkdirSync(join(directory, 'rootfs'), { recursive: true });
    execFileSync('tar', ['-C', join(directory, 'rootfs'), '-xf', busyboxRootfs()]);
    this.#output = openSync(join(directory, 'output'), 'a+');
    const told = spawnSync(CRUN, ['--version'], { encoding: 'utf8' }).stdout;
    this.version = /version (\S+)/.exec(told)?.[1] ?? 'unknown';
  }

  async run(args: readonly string[], code: number): Promise<number> {
    const id = this.#newId();
    const { ms, status } = await this.#start(['run', '--bundle', this.#bundle(args), id]);
    if (status !== code) throw new Error(`crun run: exit code ${status}, expected ${code}`);
    return ms;
  }

  async hold(id: string, args: readonly string[]): Promise<() => Promise<void>> {
    const { status } = await this.#start(['run', '--detach', '--bundle', this.#bundle(args), id]);
    if (status !== 0) throw new Error(`crun run --detach: exit code ${status}`);
    return async () => {
      await this.#start(['delete', '--force', id]);
    };
  }

  async exec(id: string, args: readonly string[], code: number, output: string): Promise<number> {
    ftruncateSync(this.#output);
    const { ms, status } = await this.#start(['exec', id, ...args], this.#output);
    const room = Buffer.alloc(OUTPUT_BYTES_MAX);
    const said = room.toString('utf8', 0, readSync(this.#output, room, 0, room.length, 0));
    if (status !== code || said !== output)
      throw new Error(`crun exec: exit code ${status}, output ${JSON.stringify(said)}`);
    return ms;
  }

  async close(): Promise<void> {
    this.#reactor.close();
    closeSync(this.#nothing);
    closeSync(this.#output);
    removeCgroup(CGROUP);
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #newId(): string {
    this.#count += 1;
    return `gantry-bench-${process.pid}-${this.#count}`;
  }

  /** One directory per command line; it is the same container each time, under a new id. */
  #bundle(args: readonly string[]): string {
    const directory = join(this.#directory, Buffer.from(args.join('\0')).toString('hex').slice(0, 60));
    if (!existsSync(directory)) {
      mkdirSync(directory);
      writeFileSync(
        join(directory, 'config.json'),
        JSON.stringify(spec(join(this.#directory, 'rootfs'), args)),
      );
    }
    return directory;
  }

  /** The clock starts inside the curtain: drawing it is no work of crun's. */
  #start(args: readonly string[], output = this.#nothing): Promise<{ ms: number; status: number }> {
    const argv = ['crun', '--root', join(this.#directory, 'state'), ...args];
    const hidden = hybridMount();
    let began = 0;
    const go = (): number => {
      began = performance.now();
      return linux.spawn(CRUN, argv, [this.#nothing, output, 2], { env: ENVIRONMENT });
    };
    const pid = hidden === undefined ? go() : linux.withHiddenPath(hidden, go);
    const pidfd = linux.pidfdOpen(pid);
    return new Promise((resolve) => {
      this.#reactor.add(pidfd, () => {
        const ms = performance.now() - began;
        this.#reactor.remove(pidfd);
        closeSync(pidfd);
        resolve({ ms, status: linux.reap(pid)?.code ?? -1 });
      });
    });
  }
}

/** A plain container without a network, as every engine of the comparison makes it. */
function spec(rootfs: string, args: readonly string[]): object {
  const host = hostCapabilities();
  const capabilities = DEFAULT_CAPABILITIES.filter((name) => host.has(name));
  const mount = (destination: string, type: string, ...options: string[]) => ({
    destination,
    type,
    source: type,
    options,
  });
  return bundleSpec({
    rootfs,
    readonlyRootfs: false,
    args,
    env: ENVIRONMENT,
    cwd: '/',
    user: { uid: 0, gid: 0, additionalGids: [] },
    terminal: false,
    hostname: 'bench',
    capabilities,
    noNewPrivileges: false,
    rlimits: [],
    seccomp: defaultSeccomp(capabilities),
    mounts: [
      mount('/proc', 'proc', 'nosuid', 'noexec', 'nodev'),
      mount('/dev', 'tmpfs', 'nosuid', 'strictatime', 'mode=755', 'size=65536k'),
      mount('/dev/pts', 'devpts', 'nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'),
      mount('/dev/shm', 'tmpfs', 'nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k'),
      mount('/dev/mqueue', 'mqueue', 'nosuid', 'noexec', 'nodev'),
      mount('/sys', 'sysfs', 'nosuid', 'noexec', 'nodev', 'ro'),
      mount('/sys/fs/cgroup', 'cgroup', 'ro', 'nosuid', 'noexec', 'nodev'),
    ],
    namespaces: {
      pid: 'private',
      network: 'private',
      ipc: 'private',
      uts: 'private',
      cgroup: 'host',
      user: 'host',
    },
    privileged: false,
    devices: [],
    deviceRules: [],
    limits: {},
    cgroupsPath: `/${CGROUP}/container`,
    sysctls: {},
    maskedPaths: [
      '/proc/acpi',
      '/proc/kcore',
      '/proc/keys',
      '/proc/timer_list',
      '/proc/scsi',
      '/sys/firmware',
    ],
    readonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
    annotations: {},
    hooks: {},
  });
}
