/** What the cache holds, as records with their bytes: steps, kept directories, and what clients have sent of theirs. */
import { createHash } from 'node:crypto';
import type { CacheRecord } from '../../../model/build-cache.ts';
import type { Storage } from '../../../storage/index.ts';
import type { ImageSteps } from '../../images/steps.ts';
import type { StepCache } from './cache.ts';
import type { HeldImages } from './held.ts';
import type { CacheMounts } from './mounts.ts';

/** What the cache's records are made of. */
export interface RecordsDeps {
  readonly cache: StepCache;
  readonly cacheMounts: CacheMounts;
  readonly held: HeldImages;
  readonly images: Pick<ImageSteps, 'step' | 'kept'>;
  readonly storage: Pick<Storage, 'layers' | 'discard'> & {
    readonly files: Pick<Storage['files'], 'synced' | 'forgetSynced'>;
  };
}

/** All records, in no order. */
export async function cacheRecords(deps: RecordsDeps): Promise<CacheRecord[]> {
  return [...stepRecords(deps), ...(await mountRecords(deps)), ...sourceRecords(deps)];
}

/** A step's bytes are those of the layer that it made: a layer that two steps share counts with the first. */
function stepRecords({ cache, held, images, storage }: RecordsDeps): CacheRecord[] {
  const rows = [...cache.all()];
  const byImage = new Map(rows.map(([key, { image }]) => [image, key]));
  const counted = new Set<string>();
  const kept = images.kept(
    new Set(rows.filter(([, { isResult }]) => isResult).map(([, { image }]) => image)),
  );
  return rows.map(([key, row]) => {
    const from = images.step(row.from);
    const chainId = images.step(row.image)?.chainId;
    const isOwn = chainId !== undefined && chainId !== from?.chainId && !counted.has(chainId);
    if (isOwn) counted.add(chainId);
    const parent = byImage.get(row.from);
    return {
      ID: key,
      Parents: parent === undefined ? [] : [parent],
      Type: row.type ?? 'regular',
      Description: row.description,
      InUse: held.isHeld(row.image),
      Shared: kept.has(row.image),
      Size: isOwn ? (storage.layers.get(chainId)?.bytes ?? 0) : 0,
      CreatedAt: row.createdAt,
      LastUsedAt: row.lastUsedAt,
      UsageCount: row.uses,
    };
  });
}

async function mountRecords({ cacheMounts }: RecordsDeps): Promise<CacheRecord[]> {
  return await Promise.all(
    [...cacheMounts.all()].map(async ([name, row]) => ({
      ID: name,
      Parents: [],
      Type: 'exec.cachemount',
      Description: `cached mount ${row.id}`,
      InUse: cacheMounts.isUsed(name),
      Shared: false,
      Size: await cacheMounts.bytesOf(name),
      CreatedAt: row.createdAt,
      LastUsedAt: row.lastUsedAt,
      UsageCount: row.uses,
    })),
  );
}

/** What is kept of a client's directory, by its record's id. */
export const sourceId = (key: string): string => createHash('sha256').update(key).digest('hex');

function sourceRecords({ storage }: RecordsDeps): CacheRecord[] {
  return storage.files.synced().map(({ key, bytes, createdAt, usedAt, uses, isUsed }) => ({
    ID: sourceId(key),
    Parents: [],
    Type: 'source.local',
    Description: `local source for ${sourceName(key)}`,
    InUse: isUsed,
    Shared: false,
    Size: bytes,
    CreatedAt: createdAt.toISOString(),
    LastUsedAt: usedAt.toISOString(),
    UsageCount: uses,
  }));
}

/** `context` or `dockerfile`, as the client calls it: the second of what tells directories apart. */
function sourceName(key: string): string {
  try {
    const [, name] = JSON.parse(key) as unknown[];
    return typeof name === 'string' ? name : 'a directory';
  } catch {
    return 'a directory';
  }
}
