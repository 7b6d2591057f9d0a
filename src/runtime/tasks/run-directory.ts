/** A task's directory below the exec root: the bundle and the record. It dies with the host's boot. */
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { codeOf, messageOf } from '../../base/errors.ts';
import { readStored, storedForm } from '../../base/stored.ts';
import { TASK, type TaskRecord } from './record.ts';

/** What a run directory says of its task. */
export type LoadedTask =
  | { readonly is: 'found'; readonly record: TaskRecord }
  /** The start never got so far. */
  | { readonly is: 'none' }
  /** It may be running: nothing of it is to be taken back. */
  | { readonly is: 'unreadable'; readonly damage: string };

/** Node waits in between, and with it the daemon: so short. */
const REMOVAL_RETRIES = { maxRetries: 20, retryDelay: 1 } as const;

/** The files of one task. Removing it removes them all. */
export class RunDirectory {
  readonly path: string;
  readonly #away: string;

  /** `away`: where it lies while it is removed, on the same file system. */
  constructor(path: string, away: string) {
    this.path = path;
    this.#away = away;
  }

  /** Makes it anew; what a failed start left is removed. */
  create(): void {
    this.remove();
    mkdirSync(this.path, { recursive: true, mode: 0o700 });
  }
  /** A runtime that is just making an exec still writes here; it is renamed first, so that what is written finds nothing. */
  remove(): void {
    rmSync(this.#away, { recursive: true, force: true });
    try {
      renameSync(this.path, this.#away);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return;
      throw error;
    }
    // A file that was being made at that moment may still appear once.
    rmSync(this.#away, { recursive: true, force: true, ...REMOVAL_RETRIES });
  }
  file(name: 'config.json' | 'pid' | 'pidfd' | 'task.json' | 'log.json' | 'limits.json' | 'shm'): string {
    return `${this.path}/${name}`;
  }

  writeConfig(spec: object): void {
    writeFileSync(this.file('config.json'), JSON.stringify(spec), { mode: 0o600 });
  }

  /** Atomic, not synced: a power cut ends the process too. */
  save(record: TaskRecord): void {
    const path = this.file('task.json');
    writeFileSync(`${path}.new`, JSON.stringify(storedForm(TASK, record)), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }
  /** What is on record of the task. */
  load(): LoadedTask {
    let text: string;
    try {
      text = readFileSync(this.file('task.json'), 'utf8');
    } catch {
      return { is: 'none' };
    }
    try {
      return { is: 'found', record: readStored(TASK, JSON.parse(text)).value };
    } catch (error) {
      return { is: 'unreadable', damage: messageOf(error) };
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

/** This boot of the machine (proc(5), random/boot_id); tests say another to have the machine restarted. */
export const bootId = (): string =>
  process.env.GANTRY_BOOT_ID ?? readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
