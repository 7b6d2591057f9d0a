/** After a start: rows and directories of volumes are brought together. */
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from '../../base/log.ts';
import type { Layout } from '../layout.ts';
import { detachBelow } from '../leftover-mounts.ts';
import type { Records, VolumeRow } from '../storage.ts';
import type { TreeThreads } from '../threads/threads.ts';
import type { Trash } from '../trash.ts';
import { COPY, DATA, isVolumeName, VOLUMES, volumeGone, volumePut } from './rows.ts';

/** What volumes are kept with. */
export interface VolumesDeps {
  readonly layout: Layout;
  readonly records: Records;
  readonly threads: TreeThreads;
  readonly trash: Trash;
  readonly log: Log;
}

/**
 * - A row that is leaving, or pending (its container never came on record): the volume goes.
 * - A row whose directory is missing: not served, but kept. An operator may have forgotten to mount it.
 * - A directory without a row and without content: a creation that was never answered. It goes.
 * - A directory without a row, with content, or when rows were lost: it is adopted. Data is not thrown away on a guess.
 * - A directory whose row cannot be read: neither served nor touched.
 */
export async function recoverVolumes(deps: VolumesDeps): Promise<Map<string, VolumeRow>> {
  const { layout, records, trash, log } = deps;
  const rows = new Map<string, VolumeRow>();
  const recorded = await records.read(VOLUMES);
  const onRecord = recorded.rows;
  for (const [name, row] of onRecord) {
    const home = join(layout.volumes, name);
    if (row.leaving || row.pending) {
      detachBelow(home);
      await trash.take(home);
      await records.write([volumeGone(name)]);
    } else if (isDirectory(join(home, DATA))) {
      rows.set(name, row);
      await trash.take(join(home, COPY));
    } else log.error('volume.missing', { name });
  }
  for (const name of readdirSync(layout.volumes))
    if (!onRecord.has(name) && !recorded.setAside.has(name))
      await adoptOrDrop(deps, name, rows, recorded.rowsWereLost);
  return rows;
}

async function adoptOrDrop(
  deps: VolumesDeps,
  name: string,
  rows: Map<string, VolumeRow>,
  rowsWereLost: boolean,
): Promise<void> {
  const { layout, records, trash, log } = deps;
  const home = join(layout.volumes, name);
  const ours = isVolumeName(name) && isDirectory(home);
  const isVolume = ours && isDirectory(join(home, DATA));
  if (isVolume && (rowsWereLost || readdirSync(join(home, DATA)).length > 0)) {
    const createdAt = `${lstatSync(home).ctime.toISOString().slice(0, 19)}Z`;
    const row: VolumeRow = { name, createdAt, labels: null, options: null };
    await records.write([volumePut(row)]);
    rows.set(name, row);
    log.warn('volume.adopted', { name });
  } else if (ours && readdirSync(home).every((each) => each === DATA || each === COPY)) {
    log.info('volume.unrecorded', { name });
    await trash.take(home);
  } else log.warn('volume.stranger', { name });
}

/** A link is none. */
const isDirectory = (path: string): boolean =>
  lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
