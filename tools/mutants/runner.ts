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

/**
 * A mutant that doesn't end is told by the processor's time, so that a busy machine makes no difference: by these,
 * beside what its test file takes without it.
 */
const TIMES_SLOWER = 4;
const SLOWER_SECONDS = 3;
/** One that waits for what never comes takes no time of the processor. */
const WAITING_MS = 60_000;

/** How a room's tests are run. */
export interface Manner {
  /** A test file is ended at its first failure: not where it must put right what it did to the machine. */
  readonly hasty: boolean;
  readonly slowerSeconds?: number | undefined;
}

/** A mutant that never stops allocating must not take the machine with it. */
const HEAP_MIB = 512;

/** The runs of one job: its directory is theirs alone, and emptied after each. */
export class Runner implements Disposable {
  readonly #root: string;
  readonly #scratch: string;
  readonly #manner: Manner;
  /** The group of processes that runs now. */
  #running: number | undefined;
  readonly #leave = (): void => this[Symbol.dispose]();

  constructor(root: string, manner: Manner) {
    this.#root = root;
    this.#manner = manner;
    this.#scratch = mkdtempSync(join(tmpdir(), 'gm-'));
    process.once('exit', this.#leave);
  }

  [Symbol.dispose](): void {
    process.off('exit', this.#leave);
    end(this.#running);
    rmSync(this.#scratch, { recursive: true, force: true });
  }

  /** How many seconds a test file takes without a mutant. @throws when it fails: nothing could be told by it then */
  async measure(test: string): Promise<number> {
    const began = performance.now();
    if ((await this.#run(test, {}, 600)) !== 'passed') throw new Error(`fails without a mutant: ${test}`);
    return (performance.now() - began) / 1000;
  }

  /** Runs tests in the order given until one notices. */
  async tell(
    mutant: Mutant,
    tests: readonly { readonly path: string; readonly seconds: number }[],
  ): Promise<Outcome> {
    const program = join(this.#scratch, 'program.js');
    writeFileSync(program, mutant.program);
    const env = {
      GANTRY_MUTANT_URL: pathToFileURL(join(this.#root, mutant.file)).href,
      GANTRY_MUTANT_PROGRAM: program,
    };
    const { slowerSeconds = SLOWER_SECONDS } = this.#manner;
    for (const { path, seconds } of tests) {
      const outcome = await this.#run(path, env, Math.ceil(seconds * TIMES_SLOWER + slowerSeconds));
      if (outcome !== 'passed') return outcome;
    }
    return 'passed';
  }

  async #run(test: string, extra: Readonly<Record<string, string>>, limitSeconds: number): Promise<Outcome> {
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
    const limited = `ulimit -t ${limitSeconds}; exec "$0" --test-reporter=tap "$1"`;
    const child = spawn('sh', ['-c', limited, process.execPath, test], {
      cwd: this.#root,
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    });
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
    let stopped: Outcome | undefined;
    const stop = (outcome: Outcome): void => {
      stopped ??= outcome;
      end(child.pid);
    };
    this.#running = child.pid;
    if (this.#manner.hasty) atFailure(child.stdout, () => stop('failed'));
    else child.stdout.resume();
    const limit = setTimeout(() => stop('timed out'), WAITING_MS + limitSeconds * 1000);
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(stopped ?? outcomeOf(code, signal)));
    try {
      return await promise;
    } finally {
      clearTimeout(limit);
      end(child.pid);
      this.#running = undefined;
      rmSync(temporary, { recursive: true, force: true, maxRetries: 5 });
    }
  }
}

/** The kernel sends these when the processor's time is over: at once, or when the first one does not end it. */
const OVER_TIME: readonly (string | null)[] = ['SIGXCPU', 'SIGKILL'];

function outcomeOf(code: number | null, signal: string | null): Outcome {
  if (OVER_TIME.includes(signal)) return 'timed out';
  return code === 0 ? 'passed' : 'failed';
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
