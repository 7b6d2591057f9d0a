/** A task's directory below the exec root: the bundle, the FIFOs, the record. It dies with the host's boot. */
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { mkfifo } from '../linux/index.ts';
import type { TaskRecord } from './task.ts';

export class RunDirectory {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Makes it anew; what a failed start left is removed. */
  create(): void {
    this.remove();
    mkdirSync(this.path, { recursive: true, mode: 0o700 });
  }
  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
  file(
    name: 'config.json' | 'pid' | 'pidfd' | 'task.json' | 'log.json' | 'stdin' | 'stdout' | 'stderr',
  ): string {
    return `${this.path}/${name}`;
  }

  writeConfig(spec: object): void {
    writeFileSync(this.file('config.json'), JSON.stringify(spec), { mode: 0o600 });
  }

  /** Both ends are ours (O_RDWR): a FIFO that no process writes to any more is quiet instead of at its end. */
  openOutput(name: 'stdout' | 'stderr'): number {
    const path = this.file(name);
    if (!existsSync(path)) mkfifo(path, 0o600);
    return openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  }
  /** Our writing end of stdin; while it is open somewhere the process waits for input. */
  openInput(): number {
    const path = this.file('stdin');
    if (!existsSync(path)) mkfifo(path, 0o600);
    return openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  }
  /** The process's own ends, blocking. Output is opened for reading too: no SIGPIPE when the daemon is away. */
  openForProcess(name: 'stdin' | 'stdout' | 'stderr'): number {
    return openSync(this.file(name), name === 'stdin' ? constants.O_RDONLY : constants.O_RDWR);
  }

  /** Atomic, not synced: a power cut ends the process too. */
  save(record: TaskRecord): void {
    const path = this.file('task.json');
    writeFileSync(`${path}.new`, JSON.stringify(record), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }
  /** Undefined when the start never got so far, or the file is unreadable. */
  load(): TaskRecord | undefined {
    try {
      return JSON.parse(readFileSync(this.file('task.json'), 'utf8')) as TaskRecord;
    } catch {
      return undefined;
    }
  }
  /** The pid that the runtime wrote before a killed daemon could record it. */
  pidFromRuntime(): number | undefined {
    try {
      const pid = Number(readFileSync(this.file('pid'), 'utf8'));
      return pid > 0 ? pid : undefined;
    } catch {
      return undefined;
    }
  }
  /** A place to bind the pidfd to. */
  touchPidfd(): string {
    const path = this.file('pidfd');
    closeSync(openSync(path, 'a', 0o600));
    return path;
  }
}

/** This boot of the machine (proc(5), random/boot_id). */
export const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
