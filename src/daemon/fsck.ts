/** `gantry fsck`: looks at a data root and at the kernel while no daemon uses them, or, seeing less, beside one. */
import { closeSync, existsSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Conflict, messageOf, NotFound } from '../base/errors.ts';
import { type Finding, findingLine } from '../base/finding.ts';
import { type DataRootReport, examineDataRoot, examineKernel } from '../engine/index.ts';
import { lockExclusive } from '../linux/index.ts';
import { forgetSetAside } from '../storage/index.ts';
import { cgroupParentOf, execRootOf, namesFor } from './identity.ts';
import type { DaemonOptions } from './options.ts';

/** The kernel takes namespaces, interfaces and control groups down in the background. */
const SETTLED_MS = 1_000;

export { withIdMap } from './userns-remap.ts';

/** What was found of the data root, and of what runs. */
export interface FsckReport extends DataRootReport {
  /** A daemon works on the data root: what looks left over may be under way, and is not among the findings. */
  readonly beside: boolean;
  /** How many containers run; or why the kernel was not looked at. */
  readonly running: number | string;
}

/** What a look needs of the settings. */
export type FsckOptions = Pick<
  DaemonOptions,
  'dataRoot' | 'cgroupDriver' | 'cgroupParent' | 'firewallFamilies'
>;

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
export async function fsck(options: FsckOptions): Promise<FsckReport> {
  const { dataRoot } = options;
  if (!existsSync(`${dataRoot}/records.sqlite`)) throw new NotFound(`${dataRoot} is no data root of Gantry`);
  const fd = openSync(`${dataRoot}/lock`, 'a', 0o600);
  try {
    const beside = !lockExclusive(fd);
    const { findings, counts, unfinished } = await examineDataRoot(dataRoot);
    // Beside a daemon something may go between the look at its record and the look at itself: damage is found twice.
    const disk = beside
      ? await lasting(damaged(findings), async () => (await examineDataRoot(dataRoot)).findings)
      : findings;
    const kernel = await lookAtKernel(options, beside).catch((error: unknown) => ({
      findings: [],
      running: messageOf(error),
    }));
    return { counts, unfinished, beside, running: kernel.running, findings: [...disk, ...kernel.findings] };
  } finally {
    closeSync(fd);
  }
}

const damaged = (findings: readonly Finding[]): readonly Finding[] =>
  findings.filter((each) => each.is === 'damage');

/** Those that another look finds too. */
async function lasting(
  first: readonly Finding[],
  look: () => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  if (first.length === 0) return first;
  const again = new Set((await look()).map(findingLine));
  return first.filter((each) => again.has(findingLine(each)));
}

async function lookAtKernel(
  options: FsckOptions,
  beside: boolean,
): Promise<Pick<FsckReport, 'findings' | 'running'>> {
  const { dataRoot } = options;
  const execRoot = execRootOf(dataRoot);
  if (execRoot === undefined) return { findings: [], running: 'no daemon of this release has run yet' };
  const place = {
    ...options,
    execRoot,
    tableName: namesFor(dataRoot).table,
    cgroupParent: cgroupParentOf(options),
  };
  const { findings, running } = await examineKernel(place);
  const found = beside ? damaged(findings) : findings;
  const stay = await lasting(found, async () => {
    await sleep(SETTLED_MS);
    return (await examineKernel(place)).findings;
  });
  return { findings: stay, running };
}

/** One line a finding, and one with what was looked at. */
export function formatFsck({ findings, counts, unfinished, beside, running }: FsckReport): string {
  const looked = Object.entries(counts).map(([noun, count]) => `${count} ${noun}`);
  if (typeof running === 'number') looked.push(`${running} running`);
  if (unfinished > 0) looked.push(`${unfinished} unfinished downloads`);
  const broken = damaged(findings).length;
  const left = findings.length - broken;
  return [
    ...findings.map(findingLine),
    `looked at ${looked.join(', ')}: ${broken === 0 ? 'sound' : `${broken} damaged`}${left > 0 ? `, ${left} left over (the daemon clears that up at its next start)` : ''}`,
    ...(typeof running === 'string' ? [`what runs was not looked at: ${running}`] : []),
    ...(beside ? ['a daemon is running: what is under way was not looked at'] : []),
    '',
  ].join('\n');
}
