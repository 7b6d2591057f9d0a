/** What is kept on disk: blobs, layers, records. */
export { type Examined, examineStorage } from './fsck/examine.ts';
export { type ExaminedMounts, examineMounted } from './fsck/mounts.ts';
export { forgetSetAside } from './fsck/rows.ts';
export { chainIdOf, isChainId } from './layers/rows.ts';
export { UNFINISHED_KEPT_MS } from './layout.ts';
export { openStorage } from './open.ts';
export { rowGone, rowPut } from './records/door.ts';
export type * from './storage.ts';
export { isVolumeName } from './volumes/rows.ts';
