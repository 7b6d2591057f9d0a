/** A command line that runs beside the test: what it printed, and its end. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';

const WAIT_TIMEOUT_MS = 60_000;

/** One run of a command line that has not ended yet. */
export class Started {
  stdout = '';
  stderr = '';
  readonly process: ChildProcess;
  /** The exit code; 128 + 9 when the test killed it. */
  readonly ended: Promise<number>;
  #over = false;
  #wake: () => void = () => undefined;

  /** `collect` false: the test reads the streams itself. */
  constructor(process: ChildProcess, collect = true) {
    this.process = process;
    if (collect) {
      process.stdout?.setEncoding('utf8').on('data', (text: string) => {
        this.stdout += text;
        this.#wake();
      });
      process.stderr?.setEncoding('utf8').on('data', (text: string) => {
        this.stderr += text;
        this.#wake();
      });
    }
    process.stdin?.on('error', () => undefined); // it may end before it has read all
    this.ended = new Promise((resolve) =>
      process.once('close', (code) => {
        this.#over = true;
        this.#wake();
        resolve(code ?? 137);
      }),
    );
  }

  /** Waits until `pattern` stands in what it printed to stdout. */
  prints = (pattern: RegExp): Promise<void> => this.#told(pattern, () => this.stdout);

  /** The same, on either stream. */
  says = (pattern: RegExp): Promise<void> => this.#told(pattern, () => `${this.stdout}${this.stderr}`);

  async #told(pattern: RegExp, heard: () => string): Promise<void> {
    const deadline = Date.now() + WAIT_TIMEOUT_MS;
    while (!pattern.test(heard())) {
      const told = `${this.stdout}\n${this.stderr}`;
      assert(!this.#over, `ended without printing ${pattern}; it printed:\n${told}`);
      assert(Date.now() < deadline, `does not print ${pattern}; it printed:\n${told}`);
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, 1000);
      this.#wake = resolve;
      await promise;
      clearTimeout(timer);
    }
  }

  kill(): void {
    this.process.kill('SIGKILL');
  }
}
