/** Volumes, as containers and the daemon use them. */
export { DRIVER } from './filter.ts';
export { MountedVolumes } from './mounted.ts';
export { type VolumeAsk, VolumeService } from './volumes.ts';
