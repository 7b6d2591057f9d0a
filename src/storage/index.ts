/** What is kept on disk: blobs, layers, records. */
export type * from './storage.ts';
