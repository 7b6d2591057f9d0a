/** Debian's dockerd as a peer to compare with: private roots, no rules on this host, gone without a trace at the end. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DockerOptions, peersDirectory, type Ran, runDocker, spawnDocker } from './docker.ts';
import type { Scope } from './gantry.ts';
import { Api } from './http.ts';
import { busyboxArchive } from './image.ts';
import { mountsBelow } from './leaks.ts';
import { unmountLazily } from './unmount.ts';

/** It starts a containerd of its own first; on a busy machine that takes a while. */
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 20_000;
const POLL_MS = 50;

/** What a test may do with any engine, ours or the peer. */
export interface Engine {
  readonly host: string;
  readonly api: (version?: string) => Api;
  readonly docker: (argv: readonly string[], options?: DockerOptions) => Promise<Ran>;
  readonly dockerProcess: (
    argv: readonly string[],
    options?: Parameters<typeof spawnDocker>[3],
  ) => ChildProcess;
}

/** How the peer is started. */
export interface DockerdOptions {
  /**
   * With a default bridge, in a network namespace of its own: nobody outside of it is reached, and `--network host` is
   * that namespace; `here`: the caller is in such a namespace. Default: on the host, without a bridge.
   */
  readonly bridge?: boolean | 'here';
  /** Debian 13's (26.1, API 1.45) in place of this machine's release (Debian 12: 20.10, API 1.41). */
  readonly release?: 13;
  /** More for its command line. */
  readonly args?: readonly string[];
  /** A directory with files that stand in place of those of /etc, for it alone; then it has a `bridge` of its own too. */
  readonly etc?: string;
}

/** Runs a program ($0 …) in a network of its own, with other files in /etc where the variable ETC names a directory. */
const APART =
  'ip link set lo up; for each in "$ETC"/*; do [ -z "$ETC" ] || mount --bind "$each" "/etc/$(basename "$each")" || exit; done; exec "$0" "$@"';

/** A dockerd of the test's own. */
export class Dockerd implements Engine {
  readonly #options: DockerdOptions;
  readonly #root = mkdtempSync(join(tmpdir(), 'dockerd-test-'));
  readonly #socket = join(this.#root, 's');
  readonly host = `unix://${this.#socket}`;
  readonly #cgroup = `dockerd-test-${process.pid}-${this.#root.slice(-6)}`;
  #child: ChildProcess | undefined;
  /** Its newest version of the API, as it says itself. */
  apiVersion = '';
  /** `26.1`. */
  version = '';

  constructor(options: DockerdOptions = {}) {
    this.#options = options;
  }

  api = (version?: string): Api => new Api(this.#socket, version);
  docker = (argv: readonly string[], options?: DockerOptions): Promise<Ran> =>
    runDocker(this.host, join(this.#root, 'home'), argv, options);
  dockerProcess = (argv: readonly string[], options?: Parameters<typeof spawnDocker>[3]): ChildProcess =>
    spawnDocker(this.host, join(this.#root, 'home'), argv, options);

  /** @throws with the end of its log when it does not come up */
  async start(programs: string): Promise<void> {
    const at = (name: string) => join(this.#root, name);
    mkdirSync(at('home'));
    if (this.#options.etc) chmodSync(this.#root, 0o711); // with --userns-remap its containers pass through
    writeFileSync(at('daemon.json'), '{}'); // the machine's own settings are not ours
    const log = openSync(at('log'), 'a');
    const command = [join(programs, 'usr/sbin/dockerd'), ...this.#arguments()];
    const [program = '', ...argv] =
      this.#options.bridge === true
        ? ['unshare', '--net', ...(this.#options.etc ? ['--mount'] : []), 'sh', '-c', APART, ...command]
        : command;
    this.#child = spawn(program, argv, {
      stdio: ['ignore', log, log],
      env: {
        ...process.env,
        PATH: `${programs}/usr/bin:${programs}/usr/sbin:${process.env.PATH}`,
        ETC: this.#options.etc ?? '',
      },
    });
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (!(await this.#answers())) {
      const ended = this.#child.exitCode !== null || Date.now() > deadline;
      assert(!ended, `dockerd does not answer:\n${readFileSync(at('log'), 'utf8').slice(-1000)}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    const told = (await this.api().get('/version')).json<{ ApiVersion: string; Version: string }>();
    this.apiVersion = told.ApiVersion;
    this.version = told.Version.split('.', 2).join('.');
    const loaded = await this.api().post('/images/load', createReadStream(busyboxArchive().file));
    assert.equal(loaded.status, 200, loaded.text);
  }

  #arguments(): string[] {
    const at = (name: string) => join(this.#root, name);
    return [
      ...['--host', this.host, '--data-root', at('data'), '--exec-root', at('exec')],
      ...['--pidfile', at('pid'), '--config-file', at('daemon.json'), '--log-level', 'warn'],
      ...(this.#options.bridge ? [] : ['--bridge=none']),
      ...['--iptables=false', '--ip-forward=false', '--ip-masq=false'],
      ...['--userland-proxy=false', '--storage-driver', 'overlay2'],
      ...['--exec-opt', 'native.cgroupdriver=cgroupfs', '--cgroup-parent', `/${this.#cgroup}`],
      ...(this.#options.args ?? []),
    ];
  }

  async #answers(): Promise<boolean> {
    try {
      return (await this.api().get('/_ping')).status === 200;
    } catch {
      return false;
    }
  }

  async end(): Promise<void> {
    try {
      if (await this.#answers()) await removeContainers(this);
      await this.#stop();
    } finally {
      for (const pid of this.#processes()) killNow(pid);
      for (const point of mountsBelow(this.#root).reverse()) unmountLazily(point);
      removeCgroups(this.#cgroup);
      if (mountsBelow(this.#root).length === 0) rmSync(this.#root, { recursive: true, force: true });
    }
  }

  async #stop(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await ended;
    clearTimeout(late);
  }

  /** containerd and its shims carry our root in their arguments. */
  #processes(): number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
      .filter((name) => {
        try {
          return readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(`${this.#root}/`);
        } catch {
          return false; // ended meanwhile
        }
      })
      .map(Number);
  }
}

function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it ended by itself
  }
}

/** Its directories in every hierarchy, the deepest first. One that is still being left stays: empty, it hurts nobody. */
export function removeCgroups(name: string): void {
  for (const hierarchy of ['', ...readdirSync('/sys/fs/cgroup')]) {
    const top = join('/sys/fs/cgroup', hierarchy, name);
    if (!existsSync(top)) continue;
    const all = execFileSync('find', [top, '-depth', '-type', 'd'], { encoding: 'utf8' }).trim().split('\n');
    for (const directory of all) {
      try {
        rmdirSync(directory);
      } catch {
        break;
      }
    }
  }
}

/** Removes the networks that users made. */
export async function removeNetworks({ api }: Engine): Promise<void> {
  const filters = encodeURIComponent(JSON.stringify({ type: ['custom'] }));
  const made = (await api().get(`/networks?filters=${filters}`)).json<
    { Id: string; ConfigOnly: boolean }[]
  >();
  // Configurations last: while another network uses one, it stays.
  for (const { Id } of made.toSorted((a, b) => Number(a.ConfigOnly) - Number(b.ConfigOnly)))
    await api().delete(`/networks/${Id}`);
}

/** Removes every volume of an engine; its containers are gone. */
export async function removeVolumes({ api }: Pick<Engine, 'api'>): Promise<void> {
  const { Volumes } = (await api().get('/volumes')).json<{ Volumes: { Name: string }[] | null }>();
  await Promise.all((Volumes ?? []).map(({ Name }) => api().delete(`/volumes/${Name}`)));
}

/** Removes every container of an engine, running or not. */
export async function removeContainers({ api }: Pick<Engine, 'api'>): Promise<void> {
  const all = (await api().get('/containers/json?all=1')).json<{ Id: string }[]>();
  await Promise.all(all.map(({ Id }) => api().delete(`/containers/${Id}?force=1&v=1`)));
}

/** Starts Debian's dockerd for a file of tests; a text says why this machine cannot. */
export async function startDockerd(scope: Scope, options: DockerdOptions = {}): Promise<Dockerd | string> {
  let programs: string;
  try {
    programs = peersDirectory(options.release);
  } catch (error) {
    return `Debian's docker.io cannot be unpacked here: ${error instanceof Error ? error.message : error}`;
  }
  const dockerd = new Dockerd(options);
  scope.after(() => dockerd.end());
  try {
    await dockerd.start(programs);
    return dockerd;
  } catch (error) {
    return `Debian's dockerd does not run here: ${error instanceof Error ? error.message : error}`;
  }
}
