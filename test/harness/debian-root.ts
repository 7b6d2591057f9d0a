/** A bare Debian in namespaces of its own: its mounts, its network, no systemd. Programs of it are run as in a chroot. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Scope } from './gantry.ts';
import { until } from './until.ts';

const COMMAND_MS_MAX = 120_000;
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Enters `$1` for good: a real root, not a chroot, because runtimes want to leave theirs by pivot_root too. */
const ENTER = `set -eu
mount --make-rprivate /
ip link set lo up
mount --bind "$1" "$1"
cd "$1"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount --rbind /sys/fs/cgroup sys/fs/cgroup
mount --rbind /dev dev
pivot_root . mnt
umount -l /mnt
exec sleep infinity`;

/** How a program ended, and all that it printed. */
export interface Ended {
  readonly status: number | null;
  readonly output: string;
}

/** The system; its files are at `path` for us too. */
export class DebianRoot {
  readonly path: string;
  readonly #directory: string;
  readonly #holder: ChildProcess;

  constructor(directory: string) {
    this.#directory = directory;
    this.path = join(directory, 'root');
    const argv = ['--mount', '--net', 'sh', '-c', ENTER, 'sh', this.path];
    this.#holder = spawn('unshare', argv, { stdio: ['ignore', 'ignore', 'inherit'] });
  }

  /** Resolves when it can be entered. */
  ready = (): Promise<unknown> =>
    until(() => readFileSync(`/proc/${this.#holder.pid}/cmdline`, 'utf8').startsWith('sleep'));

  #enter = (argv: readonly string[]): string[] => [
    ...[`--target=${this.#holder.pid}`, '--mount', '--net', '--root', '--wd', '--'],
    ...['env', '-i', `PATH=${PATH}`, 'DEBIAN_FRONTEND=noninteractive', ...argv],
  ];

  run(...argv: string[]): Ended {
    const { status, stdout, stderr } = spawnSync('nsenter', this.#enter(argv), {
      encoding: 'utf8',
      timeout: COMMAND_MS_MAX,
    });
    return { status, output: `${stdout}${stderr}` };
  }

  /** Runs it, expects 0, and gives what it printed. */
  ok(...argv: string[]): string {
    const { status, output } = this.run(...argv);
    assert.equal(status, 0, `${argv.join(' ')}: ${status}\n${output}`);
    return output;
  }

  /** Starts a program that runs on. */
  start(log: number, ...argv: string[]): ChildProcess {
    return spawn('nsenter', this.#enter(argv), { stdio: ['ignore', log, log] });
  }

  /** Processes that see its mounts, but for the one that holds them, by id. */
  processes(): number[] {
    const own = this.#namespace(`${this.#holder.pid}`);
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && Number(name) !== this.#holder.pid)
      .filter((name) => own !== undefined && this.#namespace(name) === own)
      .map(Number);
  }

  #namespace(pid: string): string | undefined {
    try {
      return readlinkSync(`/proc/${pid}/ns/mnt`);
    } catch {
      return undefined; // ended meanwhile
    }
  }

  /** What a program of this machine says about its network. */
  network = (...argv: string[]): string =>
    execFileSync('nsenter', [`--target=${this.#holder.pid}`, '--net', '--', ...argv], { encoding: 'utf8' });

  /** Ends all of it and removes its files: its mounts go with their namespace. */
  async end(): Promise<void> {
    for (const pid of this.processes()) process.kill(pid, 'SIGKILL');
    await until(() => this.processes().length === 0);
    this.#holder.kill('SIGKILL');
    await until(() => this.#holder.exitCode !== null || this.#holder.signalCode !== null);
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** Unpacks a tar of a root file system and enters it; it ends with the test. */
export async function debianRoot(scope: Scope, tar: string): Promise<DebianRoot> {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-root-'));
  mkdirSync(join(directory, 'root'));
  execFileSync('tar', ['-C', join(directory, 'root'), '-xpf', tar, '--exclude=./dev/*']);
  const root = new DebianRoot(directory);
  scope.after(() => root.end());
  await root.ready();
  return root;
}
