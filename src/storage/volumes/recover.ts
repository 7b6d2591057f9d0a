/** After a start: rows and directories of volumes are brought together. */
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { detachBelow } from '../leftover-mounts.ts';
import type { VolumeRow } from '../storage.ts';
import { COPY, DATA, isVolumeName, rowGone, rowWritten, VOLUME_TABLE } from './rows.ts';
import type { VolumesDeps } from './volumes.ts';

/**
 * - A row that is leaving, or pending (its container never came on record): the volume goes.
 * - A row whose directory is missing: not served, but kept. An operator may have forgotten to mount it.
 * - A directory without a row and without content: a creation that was never answered. It goes.
 * - A directory without a row, with content: the records were lost. It is adopted: data is not thrown away on a guess.
 */
export async function recoverVolumes(deps: VolumesDeps): Promise<Map<string, VolumeRow>> {
  const { layout, records, trash, log } = deps;
  const rows = new Map<string, VolumeRow>();
  const onRecord = (await records.load(VOLUME_TABLE)) as Map<string, VolumeRow>;
  for (const [name, row] of onRecord) {
    const home = join(layout.volumes, name);
    if (row.leaving || row.pending) {
      detachBelow(home);
      await trash.take(home);
      await records.write([rowGone(name)]);
    } else if (isDirectory(join(home, DATA))) {
      rows.set(name, row);
      await trash.take(join(home, COPY));
    } else log.error('volume.missing', { name });
  }
  for (const name of readdirSync(layout.volumes))
    if (!onRecord.has(name)) await adoptOrDrop(deps, name, rows);
  return rows;
}

async function adoptOrDrop(deps: VolumesDeps, name: string, rows: Map<string, VolumeRow>): Promise<void> {
  const { layout, records, trash, log } = deps;
  const home = join(layout.volumes, name);
  const ours = isVolumeName(name) && isDirectory(home);
  const content = ours && isDirectory(join(home, DATA)) ? readdirSync(join(home, DATA)) : [];
  if (content.length > 0) {
    const createdAt = `${lstatSync(home).ctime.toISOString().slice(0, 19)}Z`;
    const row: VolumeRow = { name, createdAt, labels: null, options: null };
    await records.write([rowWritten(row)]);
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
