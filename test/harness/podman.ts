/** Debian's podman and skopeo, for what they make of images: private roots, no containers, gone without a trace. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Scope } from './gantry.ts';
import { mountsBelow } from './leaks.ts';
import { unmountLazily } from './unmount.ts';

const TIMEOUT_MS = 120_000;

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

  constructor(scope: Scope) {
    mkdirSync(join(this.#root, 'home'));
    scope.after(async () => {
      for (const point of mountsBelow(this.#root).reverse()) unmountLazily(point);
      assert.deepEqual(mountsBelow(this.#root), []);
      rmSync(this.#root, { recursive: true, force: true });
    });
  }

  run = (...argv: readonly string[]): Promise<string> => {
    const at = (name: string) => join(this.#root, name);
    const roots = ['--root', at('data'), '--runroot', at('run'), '--tmpdir', at('tmp')];
    const quiet = ['--cgroup-manager', 'cgroupfs', '--events-backend', 'none', '--log-level', 'error'];
    return run('podman', [...roots, ...quiet, '--storage-driver', 'vfs', ...argv], at('home'));
  };
}

/** skopeo in a directory of the test's, with no settings but the machine's policy. */
export const skopeo = (directory: string, ...argv: readonly string[]): Promise<string> =>
  run('skopeo', argv, directory);
