/** What of a data root is mounted, for a look from outside of the engine. */
import { basename, dirname } from 'node:path';
import { DRIVER } from '../driver.ts';
import { layoutOf } from '../layout.ts';
import { mountedBelow } from '../leftover-mounts.ts';
import { DATA } from '../volumes/rows.ts';
import { ExaminedRows } from './rows.ts';

/** Mounts below a data root, by what they are of. */
export interface ExaminedMounts {
  /** Names of writable layers; undefined: this data root mounts none. */
  readonly layers: ReadonlySet<string> | undefined;
  /** Names of volumes. */
  readonly volumes: ReadonlySet<string>;
  /** Paths where nothing stays mounted. */
  readonly passing: readonly string[];
}

/** Records and mounts of the data root. Changes nothing. */
export function examineMounted(root: string): { records: ExaminedRows; mounts: ExaminedMounts } {
  const { records: file, writable, volumes, staging, trash } = layoutOf(root);
  const records = new ExaminedRows(file);
  const below = (directory: string, name: string): ReadonlySet<string> =>
    new Set(
      mountedBelow(directory)
        .filter((point) => basename(point) === name)
        .map((point) => basename(dirname(point))),
    );
  return {
    records,
    mounts: {
      layers: [...records.read(DRIVER).rows.values()].includes('vfs') ? undefined : below(writable, 'merged'),
      volumes: below(volumes, DATA),
      passing: [staging, trash].flatMap(mountedBelow),
    },
  };
}
