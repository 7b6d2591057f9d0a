/** What the exec root keeps of a running task. */
import { boolean, integer, object, type Schema, string } from '../../base/schema.ts';
import { orUndefined, type StoredKind } from '../../base/stored.ts';
import type { PipeInodes } from '../streams/stdio.ts';

/** What outlives the daemon about a running task; it dies with the host's boot. */
export interface TaskRecord {
  readonly id: string;
  readonly pid: number;
  /** proc(5) field 22: tells this process from a later one with its pid. */
  readonly startTime: string;
  readonly bootId: string;
  readonly runtime: string;
  readonly terminal: boolean;
  readonly openStdin: boolean;
  /** Of the output pipes; undefined with a terminal. */
  readonly pipes: PipeInodes | undefined;
  readonly cgroupPath: string;
  readonly logDirectory: string;
}

const schema: Schema<TaskRecord> = object('task', {
  id: string(),
  pid: integer(),
  startTime: string(),
  bootId: string(),
  runtime: string(),
  terminal: boolean(),
  openStdin: boolean(),
  pipes: orUndefined(object('pipes', { stdout: integer(), stderr: integer() })),
  cgroupPath: string(),
  logDirectory: string(),
});
/** How the record is kept: daemons of two releases share it. To change its layout: see base/stored.ts. */
export const TASK: StoredKind<TaskRecord> = { schema, migrations: [] };
