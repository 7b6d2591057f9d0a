/** A program at a real terminal: a pty of our own that is its controlling terminal, as a person's window would be. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { ioctl, setWindowSize } from '../../src/linux/index.ts';

const TIOCSPTLCK = 0x40045431;
const TIOCGPTN = 0x80045430;
/** A busy machine is slow; a hanging program must still fail its test. */
const WAIT_TIMEOUT_MS = 60_000;

/** In characters. */
export interface Size {
  readonly rows: number;
  readonly columns: number;
}

/** The two ends of a new pty. */
function openPty(): { master: number; slave: number } {
  const master = openSync('/dev/ptmx', constants.O_RDWR | constants.O_NOCTTY);
  ioctl(master, TIOCSPTLCK, Buffer.alloc(4));
  const number = Buffer.alloc(4);
  ioctl(master, TIOCGPTN, number);
  const slave = openSync(`/dev/pts/${number.readUInt32LE(0)}`, constants.O_RDWR | constants.O_NOCTTY);
  return { master, slave };
}

/** One program and the terminal that it runs at. */
export class Terminal {
  /** Everything that was shown. */
  seen = '';
  /** Resolves with the program's exit code; 128 + signal when one ended it. */
  readonly ended: Promise<number>;
  readonly #child: ChildProcess;
  readonly #master: number;
  readonly #stream: ReadStream;
  readonly #drained = Promise.withResolvers<void>();
  #read = 0;
  #wake: () => void = () => undefined;

  constructor(file: string, argv: readonly string[], env: NodeJS.ProcessEnv, size: Size) {
    const { master, slave } = openPty();
    setWindowSize(master, size.rows, size.columns);
    this.#master = master;
    // setsid makes the pty the controlling terminal, and becomes the program.
    this.#child = spawn('setsid', ['--ctty', file, ...argv], { stdio: [slave, slave, slave], env });
    closeSync(slave);
    this.#stream = new ReadStream(master);
    this.#stream.on('data', (bytes: Buffer) => {
      this.seen += bytes.toString('utf8');
      this.#wake();
    });
    // EIO: the last holder of the other end has closed it.
    this.#stream.on('error', () => this.#drained.resolve());
    this.#stream.on('close', () => this.#drained.resolve());
    const exited = new Promise<number>((resolve) =>
      this.#child.once('exit', (code, signal) => resolve(code ?? 128 + (signal === 'SIGKILL' ? 9 : 15))),
    );
    this.ended = exited.then(async (code) => {
      await this.#drained.promise;
      this.#wake();
      return code;
    });
  }

  /** What was shown behind the last thing that was waited for. */
  get unread(): string {
    return this.seen.slice(this.#read);
  }

  type(text: string): void {
    writeSync(this.#master, text);
  }

  resize({ rows, columns }: Size): void {
    setWindowSize(this.#master, rows, columns);
  }

  /** Waits until `pattern` is shown behind what the last wait found; returns the match. */
  async shows(pattern: RegExp, timeoutMs = WAIT_TIMEOUT_MS): Promise<RegExpExecArray> {
    const deadline = Date.now() + timeoutMs;
    let over = false;
    void this.ended.then(() => {
      over = true;
      this.#wake();
    });
    for (;;) {
      const found = pattern.exec(this.seen.slice(this.#read));
      if (found) {
        this.#read += found.index + found[0].length;
        return found;
      }
      assert(!over, `ended without showing ${pattern}; it showed:\n${this.seen}`);
      const left = deadline - Date.now();
      assert(left > 0, `does not show ${pattern}; it showed:\n${this.seen}`);
      await this.#news(left);
    }
  }

  async #news(waitMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, waitMs);
    this.#wake = resolve;
    await promise;
    clearTimeout(timer);
  }

  /** Types a line into a shell and returns what the line printed. The shell may draw its own line as it likes. */
  async command(line: string): Promise<string> {
    const from = this.#read;
    this.type(`${line}; echo E''ND\r`);
    await this.shows(/^END\r\n/m);
    const lines = this.seen.slice(from, this.#read).split('\r\n').slice(0, -2);
    // A line that is typed before the prompt is shown twice: by the terminal, then by the shell.
    return lines.filter((shown) => !shown.includes("echo E''ND")).join('\n');
  }

  close(): void {
    this.#child.kill('SIGKILL');
    this.#stream.destroy();
  }
}
