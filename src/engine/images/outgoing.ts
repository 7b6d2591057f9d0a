/** An image as it leaves: its manifest, and where each blob's bytes come from. */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { Pieces } from '../../base/pieces.ts';
import { integer, object } from '../../base/schema.ts';
import { type RecordKind, textThat } from '../../base/stored.ts';
import { compressionOf } from '../../formats/compression.ts';
import { isDigest } from '../../formats/digest.ts';
import { digestOf } from '../../formats/digest-of.ts';
import { readManifest } from '../../formats/oci.ts';
import type { ManifestDocument } from '../../registry/index.ts';
import {
  type ChainId,
  type CompressedLayer,
  type Digest,
  type LayerInfo,
  rowPut,
  type Storage,
} from '../../storage/index.ts';
import type { Image } from './store.ts';

/** A blob as a manifest tells of it; `size` in bytes. */
export interface Sent {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
}

/** How a layer travels: as it is kept, or compressed while it is sent. */
export type OutgoingLayer = { readonly info: LayerInfo } & (
  | { readonly is: 'kept'; readonly known: Sent; open(): Readable }
  /** `known`: what it was when it last travelled. Worth asking for before compressing. */
  | { readonly is: 'made'; readonly known: Sent | undefined; make(signal: AbortSignal): Making }
);

/** A blob that is being made while it is sent. */
export interface Making {
  readonly pieces: Pieces;
  readonly made: Promise<Sent | undefined>;
}

/** What plain layers' archives became, by their digest. */
export const COMPRESSED: RecordKind<CompressedLayer> = {
  table: 'compressed',
  schema: object('compressed layer', { digest: textThat<Digest>(isDigest, 'a digest'), size: integer() }),
  migrations: [],
};
const MANIFEST_TYPE = 'application/vnd.docker.distribution.manifest.v2+json';
const CONFIG_TYPE = 'application/vnd.docker.container.image.v1+json';
const LAYER_GZIP = 'application/vnd.docker.image.rootfs.diff.tar.gzip';
/** Forms in which layers travel, by how they are compressed. */
const TRAVELS: Readonly<Record<string, string>> = {
  gzip: LAYER_GZIP,
  zstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
};

/** What plain layers became when they were compressed: kept, so that nothing is compressed only to be asked for. */
export class CompressedLayers {
  readonly #storage: Storage;
  readonly #known: Map<string, CompressedLayer>;

  private constructor(storage: Storage, known: Map<string, CompressedLayer>) {
    this.#storage = storage;
    this.#known = known;
  }

  static async open(storage: Storage): Promise<CompressedLayers> {
    return new CompressedLayers(storage, (await storage.records.read(COMPRESSED)).rows);
  }

  /** Layers of an image, bottom first. Under the manifest that it came with (`original`) they leave as they came. */
  async layersOf(image: Image, original: ManifestDocument | undefined): Promise<OutgoingLayer[]> {
    return await this.layersTo(image.chain.at(-1), original);
  }

  /** Layers up to that one, bottom first. */
  async layersTo(top: ChainId | undefined, original?: ManifestDocument): Promise<OutgoingLayer[]> {
    if (top === undefined) return [];
    const types = original && readManifest(original.bytes).layers.map(({ mediaType = '' }) => mediaType);
    const chain = this.#storage.layers.chain(top);
    return Promise.all(chain.map((info, index) => this.#layer(info, types?.[index])));
  }

  async #layer(info: LayerInfo, cameAs: string | undefined): Promise<OutgoingLayer> {
    const { content } = this.#storage;
    const path = content.pathOf(info.blob);
    const mediaType = cameAs ?? TRAVELS[compressionOf(await firstBytes(path)) ?? ''];
    if (mediaType !== undefined) {
      const known = { mediaType, digest: info.blob, size: content.sizeOf(info.blob) };
      return { is: 'kept', info, known, open: () => createReadStream(path) };
    }
    const known = this.#known.get(info.blob);
    return {
      is: 'made',
      info,
      known: known && { ...known, mediaType: LAYER_GZIP },
      make: (signal) => this.#make(info.blob, signal),
    };
  }

  /** bzip2 and xz are no form in which layers travel, so what is neither gzip nor zstd is read through its plain archive. */
  #make(blob: Digest, signal: AbortSignal): Making {
    const { pieces, made } = this.#storage.compressLayer(blob, signal);
    return { pieces, made: made.then((compressed) => compressed && this.#keep(blob, compressed)) };
  }

  async #keep(blob: Digest, compressed: CompressedLayer): Promise<Sent> {
    await this.#storage.records.write([rowPut(COMPRESSED, blob, compressed)]);
    this.#known.set(blob, compressed);
    return { ...compressed, mediaType: LAYER_GZIP };
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
