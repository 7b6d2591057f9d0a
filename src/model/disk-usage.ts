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

/** The answer of `GET /system/df`. */
export const DiskUsage = object('DiskUsage', {
  ImageUsage: optional(ImagesUsage),
  ContainerUsage: optional(ContainersUsage),
  VolumeUsage: optional(VolumesUsage),
  BuildCacheUsage: optional(BuildCacheUsage),
});
export type ImagesUsage = Infer<typeof ImagesUsage>;
export type ContainersUsage = Infer<typeof ContainersUsage>;
export type VolumesUsage = Infer<typeof VolumesUsage>;
export type BuildCacheUsage = Infer<typeof BuildCacheUsage>;
export type DiskUsage = Infer<typeof DiskUsage>;

/** Kinds of things whose disk usage is told. */
export const DISK_USAGE_KINDS = ['container', 'image', 'volume', 'build-cache'] as const;
/** The kinds of things that can be asked for alone. */
export type DiskUsageKind = (typeof DISK_USAGE_KINDS)[number];
