/** Volumes on the wire, spelled as the newest API spells them. */
import {
  anything,
  type Infer,
  integer,
  list,
  map,
  object,
  optional,
  pointer,
  presentList,
  string,
} from '../base/schema.ts';

/** All that is told of one volume. */
export const Volume = object('Volume', {
  /** RFC 3339, whole seconds. */
  CreatedAt: optional(string()),
  Driver: string(),
  Labels: pointer(map(string())),
  Mountpoint: string(),
  Name: string(),
  Options: pointer(map(string())),
  Scope: string(),
  /** Only where disk usage is told. */
  UsageData: optional(object('UsageData', { RefCount: integer(), Size: integer() })),
});
export type Volume = Infer<typeof Volume>;

/** What a new volume is to be. */
export const VolumeCreateRequest = object('CreateOptions', {
  Name: optional(string()),
  Driver: optional(string()),
  DriverOpts: optional(map(string())),
  Labels: optional(map(string())),
  /** Volumes of a swarm: said so that they can be refused. */
  ClusterVolumeSpec: optional(anything()),
});
export type VolumeCreateRequest = Infer<typeof VolumeCreateRequest>;

/** The answer to a list of volumes. */
export const VolumeList = object('ListResponse', {
  Volumes: presentList(Volume),
  Warnings: pointer(list(string())),
});
export type VolumeList = Infer<typeof VolumeList>;

/** Volumes that were removed. */
export const VolumesPruned = object('PruneReport', {
  VolumesDeleted: presentList(string()),
  SpaceReclaimed: integer('uint64'),
});
export type VolumesPruned = Infer<typeof VolumesPruned>;
