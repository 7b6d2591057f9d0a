/** A build context that lies on the web: an archive, or a Dockerfile alone. */
import { Readable } from 'node:stream';
import { gather } from '../../../base/bytes.ts';
import { COMPRESSION_HEAD_BYTES, compressionOf } from '../../../formats/compression.ts';
import { buildFailure } from '../../../model/failures/build.ts';
import type { Download } from '../../../registry/index.ts';

/** What was found. */
export type WebContext =
  | { readonly is: 'archive'; readonly bytes: Readable }
  | { readonly is: 'dockerfile'; readonly bytes: Buffer };

/** A Dockerfile is held in memory; none is longer. */
const DOCKERFILE_BYTES_MAX = 1 << 20;
/** With so many bytes a tar archive has said what it is. */
const HEAD_BYTES = 512;
/** The types that servers give to archives, and to what they know nothing of. */
const ARCHIVE = /^application\/(?:(?:x-)?(?:tar|gtar|gzip|bzip2?|xz|zstd)|(?:x-)?compressed(?:-tar)?)\b/i;
const ANY_FILE = /^(?:text\/plain\b|application\/octet-stream\b|binary\/octet-stream\b|$)/i;

/**
 * Looks at the first bytes, then at the type, as servers say little of files without an extension. `pieces` are the
 * download's bytes. @throws InvalidArgument for a page or a picture, and for nothing
 */
export async function webContext(
  { from, header }: Pick<Download, 'from' | 'header'>,
  pieces: AsyncIterable<Buffer>,
): Promise<WebContext> {
  const iterator = pieces[Symbol.asyncIterator]();
  const { head, rest } = await beginning(iterator);
  if (head.length === 0) throw buildFailure.contextEmpty({ from });
  const type = header('content-type') ?? '';
  if (ARCHIVE.test(type) || isArchive(head))
    return { is: 'archive', bytes: Readable.from(rest, { objectMode: false }) };
  if (!ANY_FILE.test(type) || head.includes(0)) {
    await iterator.return?.();
    throw buildFailure.contextUnsupported({ from, type });
  }
  const tooLarge = () => buildFailure.downloadTooLarge({ from, most: DOCKERFILE_BYTES_MAX });
  return { is: 'dockerfile', bytes: await gather(rest, DOCKERFILE_BYTES_MAX, tooLarge) };
}

function isArchive(head: Buffer): boolean {
  if (head.length >= COMPRESSION_HEAD_BYTES && compressionOf(head) !== 'none') return true;
  return head.toString('latin1', 257, 262) === 'ustar';
}

/** The first bytes, and all of them again. */
async function beginning(
  iterator: AsyncIterator<Buffer>,
): Promise<{ head: Buffer; rest: AsyncGenerator<Buffer, void> }> {
  let head: Buffer = Buffer.alloc(0);
  let ended = false;
  while (head.length < HEAD_BYTES && !ended) {
    const next = await iterator.next();
    if (next.done) ended = true;
    else head = Buffer.concat([head, next.value]);
  }
  return { head, rest: again() };

  async function* again(): AsyncGenerator<Buffer, void> {
    try {
      if (head.length > 0) yield head;
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return?.();
    }
  }
}
