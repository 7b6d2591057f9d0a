/** A task's directory below the exec root: the bundle and the record. It dies with the host's boot. */
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { crc32 } from 'node:zlib';
import { codeOf, messageOf } from '../../base/errors.ts';
import { readState } from '../../base/files.ts';
import { readStored, storedForm } from '../../base/stored.ts';
import { TASK, type TaskRecord } from './record.ts';

/** What a run directory says of its task. */
export type LoadedTask =
  | { readonly is: 'found'; readonly record: TaskRecord }
  /** The start never got so far. */
  | { readonly is: 'none' }
  /** It may be running: nothing of it is to be taken back. */
  | { readonly is: 'unreadable'; readonly damage: string };

const TASKS = 'tasks';
/** Far more than any record has. */
const RECORD_BYTES_MAX = 1 << 20;
const sumOf = (form: object): number => crc32(JSON.stringify(form));
/** Where a directory lies while it is removed: on the same file system, but no task's any more. */
const REMOVED = 'removed';

/** Makes the places of run directories, and ends the removals that a killed daemon had begun. */
export function prepareExecRoot(execRoot: string): void {
  rmSync(`${execRoot}/${REMOVED}`, { recursive: true, force: true });
  for (const name of [TASKS, REMOVED]) mkdirSync(`${execRoot}/${name}`, { recursive: true, mode: 0o700 });
}

/** Ids of the containers that have a run directory. */
export const runDirectoryIds = (execRoot: string): string[] => readdirSync(`${execRoot}/${TASKS}`);

/** Node waits in between (1, 2, … ms), and with it the daemon: so few and so short. */
const REMOVAL_RETRIES = { maxRetries: 5, retryDelay: 1 } as const;

/** The files of one task. Removing it removes them all. */
export class RunDirectory {
  readonly path: string;
  readonly #away: string;

  /** That of container `id`, in an exec root that `prepareExecRoot` has seen. */
  constructor(execRoot: string, id: string) {
    this.path = `${execRoot}/${TASKS}/${id}`;
    this.#away = `${execRoot}/${REMOVED}/${id}`;
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
    const form = storedForm(TASK, record) as object;
    writeFileSync(`${path}.new`, JSON.stringify({ ...form, sum: sumOf(form) }), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }
  /** What is on record of the task. */
  load(): LoadedTask {
    try {
      const text = readState(this.file('task.json'), RECORD_BYTES_MAX);
      if (text === undefined) return { is: 'none' };
      const { sum, ...form } = JSON.parse(text) as { sum?: unknown };
      // Daemons of before wrote none.
      if (sum !== undefined && sum !== sumOf(form)) throw new Error('wrong checksum');
      return { is: 'found', record: readStored(TASK, form).value };
    } catch (error) {
      return { is: 'unreadable', damage: messageOf(error) };
    }
  }
  /** The pid that the runtime wrote before a killed daemon could record it. */
  pidFromRuntime(): number | undefined {
    try {
      const pid = Number(readState(this.file('pid'), 100));
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
