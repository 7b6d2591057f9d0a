/** Scores for the out-of-memory killer, from -1000 to 1000 (proc(5), oom_score_adj). */
import { readFileSync, writeFileSync } from 'node:fs';

const fileOf = (pid: number | 'self'): string => `/proc/${pid}/oom_score_adj`;

/** The score of this process: what it starts inherits it. */
export const ownOomScore = (): number => Number(readFileSync(fileOf('self'), 'utf8'));

/** @throws an error of the file system: EACCES when it may not be so low, ENOENT or ESRCH when the process has ended */
export const setOomScore = (score: number, pid: number | 'self' = 'self'): void =>
  writeFileSync(fileOf(pid), String(score));
