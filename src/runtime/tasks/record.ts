/** What the exec root keeps of a running task. */
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
