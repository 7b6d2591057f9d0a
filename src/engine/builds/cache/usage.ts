/** How much disk the build cache takes. */
import type { BuildCacheUsage } from '../../../model/disk-usage.ts';
import { recordsMatching } from './matching.ts';
import { cacheRecords, type RecordsDeps } from './records.ts';

/** What the records take, and the records: those that any of the expressions fits. @throws InvalidArgument */
export async function buildCacheUsage(
  deps: RecordsDeps,
  matching: readonly string[] = [],
): Promise<BuildCacheUsage> {
  const records = await recordsMatching(await cacheRecords(deps), matching);
  const bytes = (some: typeof records): number => some.reduce((sum, { Size }) => sum + Size, 0);
  return {
    TotalCount: records.length,
    ActiveCount: records.filter(({ InUse }) => InUse).length,
    TotalSize: bytes(records),
    Reclaimable: bytes(records.filter(({ InUse, Shared }) => !InUse && !Shared)),
    Items: [...records],
  };
}
