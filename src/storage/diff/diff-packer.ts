/** Writes what a container changed as a layer's archive: what is gone is marked by names (OCI image specification, "Whiteouts"). */
import { closeSync } from 'node:fs';
import { splitLast } from '../../formats/tar/path.ts';
import { Members } from '../pack/members.ts';
import type { PieceMemory } from '../pack/piece-memory.ts';
import { differences, type Sides } from './difference.ts';

/** Returns how many differences there are. `timesAtMost`: no time in the archive is later. */
export function* packDiff(
  sides: Sides,
  memory: PieceMemory,
  timesAtMost: bigint | undefined,
): Generator<Buffer, number> {
  const members = new Members(memory, { atMost: timesAtMost });
  let entries = 0;
  for (const { kind, path, dir, name } of differences(sides)) {
    entries++;
    if (kind === 'removed') {
      const [above] = splitLast(path);
      yield* members.mark(`${above === '' ? '' : `${above}/`}.wh.${name}`);
      continue;
    }
    const fd = yield* members.member(dir, name, path);
    if (fd !== undefined) closeSync(fd);
  }
  yield* members.end();
  return entries;
}
