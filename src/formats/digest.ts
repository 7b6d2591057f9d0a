/** Content digests: an algorithm and the hexadecimal hash of some bytes. */
import { InvalidArgument } from '../base/errors.ts';

/** `sha256:` and 64 hexadecimal digits, lower case. */
export type Digest = string & { readonly __digest: true };

const SHA256 = /^sha256:[0-9a-f]{64}$/;

/** Whether the text is a digest by SHA-256, the one algorithm that images use. */
export const isDigest = (text: string): text is Digest => SHA256.test(text);

/** @throws InvalidArgument */
export function parseDigest(text: string): Digest {
  if (!isDigest(text)) throw new InvalidArgument(`invalid digest: ${JSON.stringify(text.slice(0, 200))}`);
  return text;
}

/** The first twelve digits, as people see ids. */
export const shortId = (digest: string): string => digest.replace(/^sha256:/, '').slice(0, 12);
