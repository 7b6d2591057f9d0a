/** What lies on the web: files that ADD brings into an image, and build contexts. */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import type { Digest } from '../../../formats/digest.ts';
import type { ByteText } from '../../../formats/tar/entry.ts';
import { buildFailure } from '../../../model/failures/build.ts';
import type { Download } from '../../../registry/index.ts';
import { told } from '../../images/downloading.ts';
import type { Say } from '../../images/progress.ts';

/** Gets what lies on the web; dispose of it. */
export type Downloading = (url: URL, signal: AbortSignal) => Promise<Download>;

/** A file that was brought here. */
export interface DownloadedFile {
  readonly path: string;
  /** The last part of the address that was asked for; undefined: it has none, and the destination must name the file. */
  readonly name: ByteText | undefined;
  /** When the server says it was changed last; 0 when it does not. */
  readonly mtimeNanos: bigint;
  readonly digest: Digest;
}

/** How a file is brought. */
export interface DownloadFileOptions {
  readonly download: Downloading;
  /** What the bytes must be; undefined: anything. */
  readonly checksum: Digest | undefined;
  readonly say: Say;
  readonly signal: AbortSignal;
  /** No more is written. */
  readonly bytesMax?: number;
}

/** No image comes near; a server that never ends would fill the disk. */
const DOWNLOAD_BYTES_MAX = 16 * 2 ** 30;

/**
 * Brings what lies at `url` into the new file `path`, which its owner alone may read. What is left of it when it fails
 * is the caller's to remove. @throws InvalidArgument, or the kind that belongs to the server's answer
 */
export async function downloadTo(
  path: string,
  url: URL,
  options: DownloadFileOptions,
): Promise<DownloadedFile> {
  const { download, checksum, say, signal, bytesMax = DOWNLOAD_BYTES_MAX } = options;
  await using source = await download(url, signal);
  const tooLarge = () => buildFailure.downloadTooLarge({ from: source.from, most: bytesMax });
  if (source.bytes !== undefined && source.bytes > bytesMax) throw tooLarge();
  await using file = await open(path, 'wx', 0o600);
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of told(source, 'Downloading', say)) {
    bytes += piece.length;
    if (bytes > bytesMax) throw tooLarge();
    hash.update(piece);
    await writeAll(file, piece);
  }
  const digest = `sha256:${hash.digest('hex')}` as Digest;
  if (checksum !== undefined && digest !== checksum)
    throw buildFailure.checksumDiffers({ from: source.from, wanted: checksum, found: digest });
  return { path, name: nameIn(url), mtimeNanos: nanosOf(source.header('last-modified')), digest };
}

async function writeAll(file: FileHandle, piece: Buffer): Promise<void> {
  for (let written = 0; written < piece.length; )
    written += (await file.write(piece, written, piece.length - written)).bytesWritten;
}

/** Of the address that was asked for: where it led to, and what the server calls it, are the server's words. */
function nameIn({ pathname }: URL): ByteText | undefined {
  const path = pathname.replace(/%([0-9a-f]{2})/gi, (_, digits: string) =>
    String.fromCharCode(parseInt(digits, 16)),
  );
  const name = path.slice(path.lastIndexOf('/') + 1);
  return name === '' || name === '.' || name === '..' || name.includes('\0') ? undefined : (name as ByteText);
}

function nanosOf(date: string | undefined): bigint {
  const millis = Date.parse(date ?? '');
  return Number.isNaN(millis) || millis < 0 ? 0n : BigInt(millis) * 1_000_000n;
}
