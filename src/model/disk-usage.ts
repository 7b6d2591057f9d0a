/** How much disk an engine's things take, and how much of it could be had back. Bytes. */
import { type Infer, integer, list, object, optional, type Schema } from '../base/schema.ts';
import { CacheRecord } from './build-cache.ts';
import { ContainerSummary } from './container.ts';
import { ImageSummary } from './image.ts';
import { Volume } from './volume.ts';

const usageOf = <T>(item: Schema<T>) =>
  object('DiskUsage', {
    ActiveCount: integer(),
    TotalCount: integer(),
    TotalSize: integer(),
    /** What a prune would free. */
    Reclaimable: integer(),
    /** Only when asked for. */
    Items: optional(list(item)),
  });

/** What images take. */
export const ImagesUsage = usageOf(ImageSummary);
/** What the writable layers of containers take. */
export const ContainersUsage = usageOf(ContainerSummary);
/** What volumes take. */
export const VolumesUsage = usageOf(Volume);
/** What builds keep for later ones. */
export const BuildCacheUsage = usageOf(CacheRecord);

/** What each kind of things takes that was asked for. */
const byKind = {
  ImageUsage: optional(ImagesUsage),
  ContainerUsage: optional(ContainersUsage),
  VolumeUsage: optional(VolumesUsage),
  BuildCacheUsage: optional(BuildCacheUsage),
};
const DiskUsage = object('DiskUsage', byKind);
/**
 * The answer of `GET /system/df`: without `verbose` all things stand at the top beside their sums, as they did before
 * there were sums. The documents of 1.53 and later leave that out; clients that speak to whatever is the newest read it.
 */
export const ToldDiskUsage = object('DiskUsage', {
  ...byKind,
  LayersSize: optional(integer()),
  Images: optional(list(ImageSummary)),
  Containers: optional(list(ContainerSummary)),
  Volumes: optional(list(Volume)),
  BuildCache: optional(list(CacheRecord)),
});
export type ImagesUsage = Infer<typeof ImagesUsage>;
export type ContainersUsage = Infer<typeof ContainersUsage>;
export type VolumesUsage = Infer<typeof VolumesUsage>;
export type BuildCacheUsage = Infer<typeof BuildCacheUsage>;
/** As the engine tells it: by kind. */
export type DiskUsage = Infer<typeof DiskUsage>;
export type ToldDiskUsage = Infer<typeof ToldDiskUsage>;

/** Kinds of things whose disk usage is told. */
export const DISK_USAGE_KINDS = ['container', 'image', 'volume', 'build-cache'] as const;
/** The kinds of things that can be asked for alone. */
export type DiskUsageKind = (typeof DISK_USAGE_KINDS)[number];
