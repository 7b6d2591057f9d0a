/** Images: their records, names, archives. */
export type { ImageEvent, ImagesDeps, ImageUser } from './deps.ts';
export { createImages } from './images.ts';
export type { LegacyInspect } from './inspect.ts';
export type { ImageSource, ResolvedImage } from './resolve.ts';
