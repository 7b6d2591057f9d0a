/** The engine's door. */

export type { PathStat } from '../storage/index.ts';
export type * from './builds/history/promise.ts';
export type * from './builds/host-config.ts';
export { type BuildRoomDeps, HeldImages, openBuilds } from './builds/index.ts';
export { loginFor } from './builds/logins.ts';
export type * from './builds/promise.ts';
export type * from './builds/solve/promise.ts';
export { type ContainersDeps, createContainers } from './containers/containers.ts';
export { Directory } from './containers/directory.ts';
export { imageUsers } from './containers/image-users.ts';
export { networkMembers } from './containers/life/members.ts';
export { restartByPolicy } from './containers/life/restart-all.ts';
export { volumeUsers } from './containers/mounts/volume-users.ts';
export { ContainerNames } from './containers/names/names.ts';
export type * from './containers/promise.ts';
export { type Recovery, recoverContainers } from './containers/recovery/recover.ts';
export type { Engine } from './engine.ts';
export { type EventHub, openEvents } from './events/events.ts';
export type * from './events/promise.ts';
export type { ExecDeps } from './execs/exec.ts';
export { createExecs } from './execs/execs.ts';
export type * from './execs/promise.ts';
export { type DataRootReport, examineDataRoot } from './fsck.ts';
export { examineKernel } from './fsck-kernel.ts';
export { createHealthChecks } from './health/monitor.ts';
export { createImages } from './images/index.ts';
export type * from './images/lent-store.ts';
export type * from './images/promise.ts';
export {
  carry,
  DEFAULT_NETWORK,
  NETWORKS,
  NetworkCatalog,
  type NetworkRecord,
  NetworkService,
  predefinedRecord,
} from './networks/index.ts';
export type * from './networks/promise.ts';
export type { Attachment, OutputChunk } from './processes/attachment.ts';
export type { SystemDeps } from './system/deps.ts';
export { type Host, hardLimits, readHost, settableOomScore } from './system/host.ts';
export type * from './system/promise.ts';
export { createSystem } from './system/system.ts';
export { MountedVolumes, VolumeService } from './volumes/index.ts';
export type * from './volumes/promise.ts';
