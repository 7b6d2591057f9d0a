/** An image as it leaves: its manifest, and where each blob's bytes come from. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { compressionOf } from '../../formats/compression.ts';
import { digestOf } from '../../formats/digest.ts';
import { gzipped } from '../../formats/gzip.ts';
import { readManifest } from '../../formats/oci.ts';
import type { ManifestDocument } from '../../registry/index.ts';
import type { Digest, LayerInfo, Storage } from '../../storage/index.ts';
import type { Image } from './store.ts';

/** A blob as a manifest tells of it; `size` in bytes. */
export interface Sent {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
}

export interface OutgoingBlob extends Sent {
  /** Its bytes from the start. */
  open(): Readable;
}

export interface OutgoingLayer {
  readonly info: LayerInfo;
  /** The blob as it travels. Compresses what is kept plain: call it when the registry lacks it. */
  blob(signal: AbortSignal): Promise<OutgoingBlob>;
  /** What it was when it last travelled, if that is known: worth asking for before compressing. */
  readonly known: Sent | undefined;
}

/** The records' table of what plain layers' archives became, by their digest. */
export const COMPRESSED = 'compressed';
const MANIFEST_TYPE = 'application/vnd.docker.distribution.manifest.v2+json';
const CONFIG_TYPE = 'application/vnd.docker.container.image.v1+json';
const LAYER_GZIP = 'application/vnd.docker.image.rootfs.diff.tar.gzip';
const LAYER_ZSTD = 'application/vnd.oci.image.layer.v1.tar+zstd';

export interface Compressed {
  readonly digest: Digest;
  readonly size: number;
}

/** What plain layers became when they were compressed: kept, so that nothing is compressed only to be asked for. */
export class CompressedLayers implements AsyncDisposable {
  readonly #storage: Storage;
  readonly #known: Map<string, Compressed>;
  readonly #staged = new Map<string, string>();

  private constructor(storage: Storage, known: Map<string, Compressed>) {
    this.#storage = storage;
    this.#known = known;
  }

  static async open(storage: Storage): Promise<CompressedLayers> {
    return new CompressedLayers(storage, (await storage.records.load(COMPRESSED)) as Map<string, Compressed>);
  }

  /** Layers of an image, bottom first. */
  async layersOf(image: Image): Promise<OutgoingLayer[]> {
    const top = image.chain.at(-1);
    return top === undefined
      ? []
      : Promise.all(this.#storage.layers.chain(top).map((info) => this.#layer(info)));
  }

  async #layer(info: LayerInfo): Promise<OutgoingLayer> {
    const { content } = this.#storage;
    const path = content.pathOf(info.blob);
    const kind = compressionOf(await firstBytes(path));
    if (kind === 'gzip' || kind === 'zstd') {
      const mediaType = kind === 'gzip' ? LAYER_GZIP : LAYER_ZSTD;
      const known = { mediaType, digest: info.blob, size: content.sizeOf(info.blob) };
      return { info, known, blob: async () => ({ ...known, open: () => createReadStream(path) }) };
    }
    const known = this.#known.get(info.blob);
    return {
      info,
      known: known && { ...known, mediaType: LAYER_GZIP },
      blob: (signal) => this.#compress(info, signal),
    };
  }

  /** bzip2 and xz are no form in which layers travel, so what is neither gzip nor zstd is read through its plain archive. */
  async #compress(info: LayerInfo, signal: AbortSignal): Promise<OutgoingBlob> {
    const path = this.#staged.get(info.blob) ?? this.#storage.content.stagedPath();
    const known = this.#staged.has(info.blob) ? this.#known.get(info.blob) : undefined;
    this.#staged.set(info.blob, path);
    const made = known ?? (await this.#write(info.blob, path, signal));
    return { ...made, mediaType: LAYER_GZIP, open: () => createReadStream(path) };
  }

  async #write(blob: Digest, path: string, signal: AbortSignal): Promise<Compressed> {
    const hash = createHash('sha256');
    let size = 0;
    const counting = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk);
        size += chunk.length;
        done(null, chunk);
      },
    });
    const file = createWriteStream(path, { flags: 'wx', mode: 0o600 });
    await pipeline(this.#storage.plainLayer(blob), gzipped, counting, file, { signal });
    const made = { digest: `sha256:${hash.digest('hex')}` as Digest, size };
    await this.#storage.records.write([{ table: COMPRESSED, key: blob, value: made }]);
    this.#known.set(blob, made);
    return made;
  }

  /** Files that were compressed for this push go. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const path of this.#staged.values()) await rm(path, { force: true });
  }
}

async function firstBytes(path: string): Promise<Buffer> {
  await using file = await open(path, 'r');
  const { buffer, bytesRead } = await file.read(Buffer.alloc(16), 0, 16, 0);
  return buffer.subarray(0, bytesRead);
}

/** The manifest that the image came with, when all of its blobs are the ones that are here. */
export async function originalManifest(
  image: Image,
  storage: Storage,
): Promise<ManifestDocument | undefined> {
  if (image.manifest === undefined || !storage.content.has(image.manifest.digest)) return undefined;
  const { digest, mediaType } = image.manifest;
  const bytes = await storage.content.read(digest);
  const { layers } = readManifest(bytes);
  const mine = image.chain.map((chainId) => storage.layers.get(chainId)?.blob);
  const isWhole = layers.length === mine.length && layers.every((layer, i) => layer.digest === mine[i]);
  return isWhole ? { bytes, digest, mediaType } : undefined;
}

/** A manifest as Docker writes it: three blanks of indentation, this order of members. */
export function makeManifest(
  config: Pick<Sent, 'digest' | 'size'>,
  layers: readonly Sent[],
): ManifestDocument {
  const order = ({ mediaType, digest, size }: Sent) => ({ mediaType, size, digest });
  const document = {
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: order({ mediaType: CONFIG_TYPE, ...config }),
    layers: layers.map(order),
  };
  const bytes = Buffer.from(JSON.stringify(document, undefined, 3));
  return { bytes, digest: digestOf(bytes), mediaType: MANIFEST_TYPE };
}
