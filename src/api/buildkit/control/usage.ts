/** The build cache as `Control.DiskUsage` and `Control.Prune` tell it. */
import type { Engine } from '../../../engine/index.ts';
import type { CacheRecord } from '../../../model/build-cache.ts';
import { timestampIn } from '../messages/common.ts';
import { type PruneRequest, UsageRecord } from '../messages/control.ts';
import type { Infer } from '../wire/message.ts';

type Builds = Engine['builds'];

/** The records that a filter leaves. */
export async function usageRecords(
  builds: Builds,
  filter: readonly string[],
): Promise<Infer<typeof UsageRecord>[]> {
  const { Items = [] } = await builds.usage(filter);
  return Items.map(recordOf);
}

/** Removes records, and tells which. */
export async function* pruned(
  builds: Builds,
  { filter, all, keepDuration, reservedSpace, maxUsedSpace, minFreeSpace }: PruneRequest,
  signal: AbortSignal,
): AsyncGenerator<Infer<typeof UsageRecord>, void> {
  const { Items = [] } = await builds.usage();
  const { CachesDeleted = [] } = await builds.prune({
    filters: new Map(),
    matching: filter,
    unusedForMs: keepDuration / 1e6,
    all,
    keepBytes: reservedSpace || undefined,
    maxUsedBytes: maxUsedSpace || undefined,
    minFreeBytes: minFreeSpace || undefined,
    signal,
  });
  const gone = new Set(CachesDeleted);
  for (const record of Items) if (gone.has(record.ID)) yield recordOf(record);
}

function recordOf(record: CacheRecord): Infer<typeof UsageRecord> {
  const { ID, Parents = [], Type, Description, InUse, Shared, Size, UsageCount } = record;
  return UsageRecord.create({
    id: ID,
    mutable: Type === 'exec.cachemount' || Type === 'source.local',
    inUse: InUse,
    size: Size,
    parent: Parents[0] ?? '',
    parents: Parents,
    createdAt: timestampIn(record.CreatedAt),
    lastUsedAt: timestampIn(record.LastUsedAt),
    usageCount: UsageCount,
    description: Description,
    recordType: Type,
    shared: Shared,
  });
}
