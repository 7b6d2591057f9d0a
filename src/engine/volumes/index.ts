/** Volumes, as containers and the daemon use them. */
export { DRIVER } from './filter.ts';
export { MountedVolumes } from './mounted.ts';
export { type Taken, type VolumeAsk, VolumeService, type VolumesDeps } from './volumes.ts';
