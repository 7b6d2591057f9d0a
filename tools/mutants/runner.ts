/** Runs test files against mutants, each in a process of its own that loads the mutant in place of the source. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import type { Mutant } from './mutate.ts';

/** How a test file ended. */
export type Outcome = 'passed' | 'failed' | 'timed out';

/** A mutant that doesn't end is told from one on a busy machine by these, beside what a file takes without a mutant. */
const TIMES_SLOWER = 6;
const SLOWER_MS = 4000;

/** How a room's tests are run. */
export interface Manner {
  /** A test file is ended at its first failure: not where it must put right what it did to the machine. */
  readonly hasty: boolean;
  readonly slowerMs?: number | undefined;
}

/** A mutant that never stops allocating must not take the machine with it. */
const HEAP_MIB = 512;

/** The runs of one job: its directory is theirs alone, and emptied after each. */
export class Runner implements Disposable {
  readonly #root: string;
  readonly #scratch: string;
  readonly #manner: Manner;

  constructor(root: string, manner: Manner) {
    this.#root = root;
    this.#manner = manner;
    this.#scratch = mkdtempSync(join(tmpdir(), 'gm-'));
  }

  [Symbol.dispose](): void {
    rmSync(this.#scratch, { recursive: true, force: true });
  }

  /** How long a test file takes without a mutant. @throws when it fails: nothing could be told by it then */
  async measure(test: string): Promise<number> {
    const began = performance.now();
    if ((await this.#run(test, {}, 10 * 60_000)) !== 'passed')
      throw new Error(`fails without a mutant: ${test}`);
    return performance.now() - began;
  }

  /** Runs tests in the order given until one notices. */
  async tell(
    mutant: Mutant,
    tests: readonly { readonly path: string; readonly ms: number }[],
  ): Promise<Outcome> {
    const program = join(this.#scratch, 'program.js');
    writeFileSync(program, mutant.program);
    const env = {
      GANTRY_MUTANT_URL: pathToFileURL(join(this.#root, mutant.file)).href,
      GANTRY_MUTANT_PROGRAM: program,
    };
    const { slowerMs = SLOWER_MS } = this.#manner;
    for (const { path, ms } of tests) {
      const outcome = await this.#run(path, env, ms * TIMES_SLOWER + slowerMs);
      if (outcome !== 'passed') return outcome;
    }
    return 'passed';
  }

  async #run(test: string, extra: Readonly<Record<string, string>>, limitMs: number): Promise<Outcome> {
    const temporary = join(this.#scratch, 't');
    mkdirSync(temporary);
    const env = {
      ...process.env,
      ...extra,
      TMPDIR: temporary,
      UV_THREADPOOL_SIZE: '8',
      NODE_COMPILE_CACHE: join(this.#scratch, 'compiled'),
      NODE_OPTIONS: `--import=${pathToFileURL(join(import.meta.dirname, 'hook.ts')).href} --disable-warning=ExperimentalWarning --max-old-space-size=${HEAP_MIB}`,
    };
    // A group of its own, so that what a mutant's test left running ends with it.
    const child = spawn(process.execPath, ['--test-reporter=tap', test], {
      cwd: this.#root,
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    });
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
    if (this.#manner.hasty) atFailure(child.stdout, () => end(child.pid));
    else child.stdout.resume();
    let late = false;
    const limit = setTimeout(() => {
      late = true;
      end(child.pid);
    }, limitMs);
    child.on('error', reject);
    child.on('exit', (code) => resolve(late ? 'timed out' : code === 0 ? 'passed' : 'failed'));
    try {
      return await promise;
    } finally {
      clearTimeout(limit);
      end(child.pid);
      rmSync(temporary, { recursive: true, force: true, maxRetries: 5 });
    }
  }
}

/** Calls back when node's runner tells of a test that failed, unless that was to be expected. */
function atFailure(report: Readable, found: () => void): void {
  createInterface(report).on('line', (line) => {
    if (/^ *not ok (?!.* # TODO)/.test(line)) found();
  });
}

/** Ends a group of processes, or what is left of it. */
function end(group: number | undefined): void {
  try {
    if (group !== undefined) process.kill(-group, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
