/** Debian's podman and skopeo, as peers to compare with: private roots, gone without a trace. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCgroupHost } from '../../src/runtime/index.ts';
import { removeCgroups } from './dockerd.ts';
import type { Scope } from './gantry.ts';
import { mountsBelow } from './leaks.ts';
import { unmountLazily } from './unmount.ts';

const TIMEOUT_MS = 120_000;
/** crun runs nothing where a mount of cgroup2 has controllers beside version 1: it sees a file system over that. */
const HIDING = 'mount --make-rprivate / && mount -t tmpfs none "$0" && exec "$@"';

/** Runs it to its end and gives what it printed. @throws with its complaint */
function run(file: string, argv: readonly string[], home: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = { PATH: process.env.PATH, HOME: home, TMPDIR: home };
    const options = { timeout: TIMEOUT_MS, killSignal: 'SIGKILL', env } as const;
    execFile(file, argv, options, (error, stdout, stderr) => {
      if (error) reject(new Error(`${file} ${argv.join(' ')}: ${stderr}`, { cause: error }));
      else resolve(stdout.trim());
    });
  });
}

/** podman with a store of its own. */
export class Podman {
  readonly #root = mkdtempSync(join(tmpdir(), 'podman-test-'));
  readonly #cgroup = this.#root.slice(this.#root.lastIndexOf('/') + 1);

  constructor(scope: Scope) {
    mkdirSync(join(this.#root, 'home'));
    scope.after(async () => {
      for (const point of mountsBelow(this.#root).reverse()) unmountLazily(point);
      assert.deepEqual(mountsBelow(this.#root), []);
      removeCgroups(this.#cgroup);
      rmSync(this.#root, { recursive: true, force: true });
    });
  }

  #command(argv: readonly string[]): readonly string[] {
    const at = (name: string) => join(this.#root, name);
    const roots = ['--root', at('data'), '--runroot', at('run'), '--tmpdir', at('tmp')];
    const quiet = ['--cgroup-manager', 'cgroupfs', '--events-backend', 'none', '--log-level', 'error'];
    return ['podman', ...roots, ...quiet, '--storage-driver', 'vfs', ...argv];
  }

  run = (...argv: readonly string[]): Promise<string> => {
    const [file = '', ...rest] = this.#command(argv);
    return run(file, rest, join(this.#root, 'home'));
  };

  /** Runs a container without a network to its end, and gives what it printed. */
  inside = (...argv: readonly string[]): Promise<string> => {
    const parent = ['--cgroup-parent', `/${this.#cgroup}`];
    const command = this.#command(['run', '--rm', '--network', 'none', ...parent, ...argv]);
    const { hide } = readCgroupHost();
    const [file = '', ...rest] =
      hide === undefined ? command : ['unshare', '-m', 'sh', '-c', HIDING, hide, ...command];
    return run(file, rest, join(this.#root, 'home'));
  };
}

/** skopeo in a directory of the test's, with no settings but the machine's policy. */
export const skopeo = (directory: string, ...argv: readonly string[]): Promise<string> =>
  run('skopeo', argv, directory);
