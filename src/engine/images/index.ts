/** Images: their records, names, archives. */
export { createImages } from './images.ts';
export type { ImageSource } from './resolve.ts';
