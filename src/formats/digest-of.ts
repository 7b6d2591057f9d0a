/** Digests made of bytes: apart from those that are only read, since hashing is Node's. */
import { createHash } from 'node:crypto';
import type { Digest } from './digest.ts';

/** The digest of these bytes. */
export const digestOf = (bytes: Buffer | string): Digest =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
