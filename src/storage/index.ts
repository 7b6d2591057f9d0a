/** What is kept on disk: blobs, layers, records. */
export { type OpenOptions, openStorage } from './open.ts';
export type * from './storage.ts';
