/** Removes what builds left: steps that no image needs any more, and directories that nobody uses. */

import { messageOf } from '../../../base/errors.ts';
import type { Nanos } from '../../../base/time.ts';
import { parseRfc3339 } from '../../../base/time.ts';
import { parseMoment } from '../../../formats/moment.ts';
import type { CacheRecord } from '../../../model/build-cache.ts';
import { filterFailure } from '../../../model/failures/filter.ts';
import type { Filters } from '../../../model/filters.ts';
import type { BuildCachePruned } from '../../../model/prune.ts';
import type { NewEvent } from '../../events/events.ts';
import { checkFilterNames, labelFilter } from '../../filters.ts';
import type { ImageSteps } from '../../images/steps.ts';
import type { BuildPruneOptions } from '../promise.ts';
import { recordsMatching } from './matching.ts';
import { cacheRecords, type RecordsDeps, sourceId } from './records.ts';

/** What a prune needs. */
export type PruneDeps = RecordsDeps & {
  readonly images: Pick<ImageSteps, 'removeUnneeded'>;
  readonly events: { emit(event: NewEvent): void };
  readonly now: () => Nanos;
  /** On the disk of the cache. */
  readonly freeBytes: () => number;
};

/** What was not used for the longest time goes first. @throws InvalidArgument */
export async function pruneBuildCache(
  { filters, matching = [], unusedForMs = 0, all, signal, ...bounds }: BuildPruneOptions,
  deps: PruneDeps,
): Promise<BuildCachePruned> {
  const fits = filterOf(filters, deps.now());
  const records = await cacheRecords(deps);
  const matched = new Set(await recordsMatching(records, matching));
  const since = unusedForMs > 0 ? deps.now() - BigInt(Math.ceil(unusedForMs * 1e6)) : undefined;
  const used = records.reduce((sum, { Size }) => sum + Size, 0);
  const enough = used - leastOf(bounds, used, deps.freeBytes());
  const isBounded = Object.values(bounds).some((bound) => bound !== undefined);
  const going: CacheRecord[] = [];
  let freed = 0;
  const oldestFirst = records.toSorted((a, b) => (usedAt(a) < usedAt(b) ? -1 : 1));
  for (const record of oldestFirst) {
    if (isBounded && freed >= enough) break;
    if (record.InUse || (record.Shared && !all) || !fits(record)) continue;
    if (!matched.has(record) || wasUsedAfter(record, since)) continue;
    going.push(record);
    freed += record.Size;
  }
  if (!signal.aborted) await remove(going, deps);
  const reclaimed = going.filter(({ Shared }) => !Shared).reduce((sum, { Size }) => sum + Size, 0);
  deps.events.emit({
    Type: 'builder',
    Action: 'prune',
    id: '',
    attributes: { reclaimed: String(reclaimed) },
  });
  const CachesDeleted = going.map(({ ID }) => ID);
  return { ...(CachesDeleted.length > 0 ? { CachesDeleted } : {}), SpaceReclaimed: reclaimed };
}

/**
 * How many bytes may stay. Without a bound nothing stays; what is kept in any case stays although the others say less.
 */
function leastOf(
  {
    keepBytes = 0,
    maxUsedBytes,
    minFreeBytes,
  }: Pick<BuildPruneOptions, 'keepBytes' | 'maxUsedBytes' | 'minFreeBytes'>,
  used: number,
  free: number,
): number {
  const bounds = [
    ...(maxUsedBytes === undefined ? [] : [maxUsedBytes]),
    ...(minFreeBytes === undefined ? [] : [used + free - minFreeBytes]),
  ];
  return Math.max(keepBytes, bounds.length === 0 ? 0 : Math.min(used, ...bounds));
}

const wasUsedAfter = (record: CacheRecord, since: Nanos | undefined): boolean =>
  since !== undefined && (parseRfc3339(usedAt(record)) ?? 0n) > since;

const usedAt = ({ LastUsedAt, CreatedAt }: CacheRecord): string => LastUsedAt ?? CreatedAt;

/** Off the record first: what a crash leaves then is found by no build. */
async function remove(
  going: readonly CacheRecord[],
  { cache, cacheMounts, images, storage }: PruneDeps,
): Promise<void> {
  const of = (type: string): string[] => going.filter(({ Type }) => Type === type).map(({ ID }) => ID);
  const [mounts, sources] = [of('exec.cachemount'), new Set(of('source.local'))];
  const rows = cache.all();
  // Steps are of several kinds.
  const steps = going.map(({ ID }) => ID).filter((id) => rows.has(id));
  const made = steps.flatMap((key) => rows.get(key)?.image ?? []);
  await cacheMounts.forget(mounts);
  await cache.forget(steps);
  const sent = storage.files.synced().map(({ key }) => key);
  await storage.files.forgetSynced(sent.filter((key) => sources.has(sourceId(key))));
  await Promise.all(mounts.map((name) => storage.discard(cacheMounts.pathOf(name))));
  await images.removeUnneeded(made);
}

const FILTERS = [
  'until',
  'unused-for',
  'id',
  'parent',
  'type',
  'description',
  'inuse',
  'shared',
  'private',
  'keep-storage',
  'label',
  'label!',
];

function filterOf(filters: Filters, now: Nanos): (record: CacheRecord) => boolean {
  checkFilterNames(filters, FILTERS);
  const before = usedBefore(filters, now);
  // `docker system prune` sends the filters of everything to all: what builds left has no labels.
  const labelled = labelFilter(filters)({});
  const one = (name: string): string | undefined => filters.get(name)?.[0];
  const isTrue = (name: string): boolean => filters.has(name);
  return (record) =>
    labelled &&
    (before === undefined || (parseRfc3339(usedAt(record)) ?? 0n) <= before) &&
    (one('id') === undefined || record.ID.startsWith(one('id') ?? '')) &&
    (one('parent') === undefined ||
      (record.Parents ?? []).some((id) => id.startsWith(one('parent') ?? ''))) &&
    (one('type') === undefined || record.Type === one('type')) &&
    (one('description') === undefined || record.Description.includes(one('description') ?? '')) &&
    (!isTrue('inuse') || record.InUse) &&
    (!isTrue('shared') || record.Shared) &&
    (!isTrue('private') || !record.Shared);
}

/** `until` and `unused-for` say the same: when something was used last, or how long ago. */
function usedBefore(filters: Filters, now: Nanos): Nanos | undefined {
  const name = (filters.get('unused-for') ?? []).length > 0 ? 'unused-for' : 'until';
  if (name === 'unused-for' && (filters.get('until') ?? []).length > 0)
    throw filterFailure.conflicting({ one: 'until', other: 'unused-for' });
  const [said, ...more] = filters.get(name) ?? [];
  if (more.length > 0) throw filterFailure.oneValueOnly();
  if (said === undefined) return undefined;
  try {
    return parseMoment(said, now);
  } catch (error) {
    throw filterFailure.untilNoMoment({ name, why: messageOf(error) }, { cause: error });
  }
}
