/** `gantry fsck`: looks at a data root while no daemon uses it, or, seeing less, beside one. */
import { closeSync, existsSync, openSync } from 'node:fs';
import { Conflict, NotFound } from '../base/errors.ts';
import { type DataRootReport, examineDataRoot } from '../engine/index.ts';
import { lockExclusive } from '../linux/index.ts';
import { type Finding, forgetSetAside } from '../storage/index.ts';

/** What was found of the data root. */
export interface FsckReport extends DataRootReport {
  /** A daemon works on the data root: what looks left over may be under way, and is not among the findings. */
  readonly beside: boolean;
}

/**
 * Forgets rows that were set aside because they could not be read. What belongs to them goes at the daemon's next start.
 * Gives what was forgotten. @throws NotFound, Conflict while a daemon uses the data root
 */
export function giveUp(dataRoot: string): string[] {
  const records = `${dataRoot}/records.sqlite`;
  if (!existsSync(records)) throw new NotFound(`${dataRoot} is no data root of Gantry`);
  const fd = openSync(`${dataRoot}/lock`, 'a', 0o600);
  try {
    if (!lockExclusive(fd)) throw new Conflict(`a daemon is running on ${dataRoot}: stop it first`);
    return forgetSetAside(records);
  } finally {
    closeSync(fd);
  }
}

/** Changes nothing. No daemon can start on the data root meanwhile. @throws NotFound, Error when it cannot be read */
export async function fsck(dataRoot: string): Promise<FsckReport> {
  if (!existsSync(`${dataRoot}/records.sqlite`)) throw new NotFound(`${dataRoot} is no data root of Gantry`);
  const fd = openSync(`${dataRoot}/lock`, 'a', 0o600);
  try {
    const beside = !lockExclusive(fd);
    const { findings, counts, unfinished } = await examineDataRoot(dataRoot);
    return { counts, unfinished, beside, findings: beside ? await lasting(findings, dataRoot) : findings };
  } finally {
    closeSync(fd);
  }
}

/** Beside a daemon something may go between the look at its record and the look at itself: damage is found twice. */
async function lasting(findings: readonly Finding[], dataRoot: string): Promise<readonly Finding[]> {
  const first = findings.filter((each) => each.is === 'damage');
  if (first.length === 0) return first;
  const again = new Set(
    (await examineDataRoot(dataRoot)).findings.map(({ where, what }) => `${where} ${what}`),
  );
  return first.filter(({ where, what }) => again.has(`${where} ${what}`));
}

/** One line a finding, and one with what was looked at. */
export function formatFsck({ findings, counts, unfinished, beside }: FsckReport): string {
  const looked = Object.entries(counts).map(([noun, count]) => `${count} ${noun}`);
  if (unfinished > 0) looked.push(`${unfinished} unfinished downloads`);
  const damaged = findings.filter((each) => each.is === 'damage').length;
  const left = findings.length - damaged;
  return [
    ...findings.map(({ is, where, what }) => `${is}: ${where}: ${what}`),
    `looked at ${looked.join(', ')}: ${damaged === 0 ? 'sound' : `${damaged} damaged`}${left > 0 ? `, ${left} left over (the daemon clears that up at its next start)` : ''}`,
    ...(beside ? ['a daemon is running: what is under way was not looked at'] : []),
    '',
  ].join('\n');
}
