/** Mounts: what a client asks for (`Mount`) and what inspect shows (`MountPoint`). */
import { blank, boolean, type Infer, integer, list, map, object, optional, string } from '../base/schema.ts';

const BindOptions = object('mount.BindOptions', {
  Propagation: optional(string()),
  NonRecursive: optional(boolean()),
  CreateMountpoint: optional(boolean()),
  ReadOnlyNonRecursive: optional(boolean()),
  ReadOnlyForceRecursive: optional(boolean()),
});

const VolumeOptions = object('mount.VolumeOptions', {
  NoCopy: optional(boolean()),
  Labels: optional(map(string())),
  Subpath: optional(string()),
  DriverConfig: optional(
    object('mount.Driver', { Name: optional(string()), Options: optional(map(string())) }),
  ),
});

const TmpfsOptions = object('mount.TmpfsOptions', {
  SizeBytes: optional(integer()),
  Mode: optional(integer('uint32')),
  Options: optional(list(list(string()))),
});

/** `Type` stays a plain string: the engine refuses what it does not know, in its own words. */
export const Mount = object('Mount', {
  Type: optional(string()),
  Source: optional(string()),
  Target: optional(string()),
  ReadOnly: optional(boolean()),
  Consistency: optional(string()),
  BindOptions: optional(BindOptions),
  VolumeOptions: optional(VolumeOptions),
  ImageOptions: optional(object('mount.ImageOptions', { Subpath: optional(string()) })),
  TmpfsOptions: optional(TmpfsOptions),
  ClusterOptions: optional(object('mount.ClusterOptions', {})),
});
export type Mount = Infer<typeof Mount>;

/** A mount as inspect shows it. */
export const MountPoint = object('MountPoint', {
  Type: optional(string()),
  Name: optional(string()),
  Source: string(),
  Destination: string(),
  Driver: optional(string()),
  Mode: blank(string()),
  RW: boolean(),
  Propagation: blank(string()),
});
export type MountPoint = Infer<typeof MountPoint>;
