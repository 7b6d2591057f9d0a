/** Images as OCI layouts in directories, as clients lend them to a build. */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Member, tarOf } from './layered.ts';

/** An image of one layer. */
export interface LaidOut {
  readonly architecture: string;
  readonly members: readonly Member[];
  readonly config?: Readonly<Record<string, unknown>>;
}

/** What a document says of a blob. */
export interface LaidOutBlob {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const OCI = 'application/vnd.oci.image';

const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** Blobs by their digests, and the descriptor of the index of all images. */
export function blobsOf(images: readonly LaidOut[]): {
  readonly blobs: ReadonlyMap<string, Buffer>;
  readonly index: LaidOutBlob;
  readonly manifests: readonly LaidOutBlob[];
} {
  const blobs = new Map<string, Buffer>();
  const put = (mediaType: string, bytes: Buffer): LaidOutBlob => {
    const digest = digestOf(bytes);
    blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const document = (mediaType: string, content: object): LaidOutBlob =>
    put(mediaType, Buffer.from(JSON.stringify(content)));
  const manifests = images.map(({ architecture, members, config = {} }) => {
    const archive = tarOf(members);
    const layer = put(`${OCI}.layer.v1.tar+gzip`, gzipSync(archive));
    const configuration = document(`${OCI}.config.v1+json`, {
      ...{ architecture, os: 'linux', config },
      rootfs: { type: 'layers', diff_ids: [digestOf(archive)] },
    });
    const mediaType = `${OCI}.manifest.v1+json`;
    const manifest = { schemaVersion: 2, mediaType, config: configuration, layers: [layer] };
    return { ...document(mediaType, manifest), platform: { architecture, os: 'linux' } };
  });
  const index = document(`${OCI}.index.v1+json`, {
    schemaVersion: 2,
    mediaType: `${OCI}.index.v1+json`,
    manifests,
  });
  return { blobs, index, manifests };
}

/** Writes a layout of them, whose `latest` is the index of all. */
export function layoutAt(path: string, images: readonly LaidOut[]): ReturnType<typeof blobsOf> {
  const made = blobsOf(images);
  mkdirSync(join(path, 'blobs/sha256'), { recursive: true });
  for (const [digest, bytes] of made.blobs)
    writeFileSync(join(path, 'blobs/sha256', digest.slice('sha256:'.length)), bytes);
  writeFileSync(join(path, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  const latest = { ...made.index, annotations: { 'org.opencontainers.image.ref.name': 'latest' } };
  writeFileSync(join(path, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [latest] }));
  return made;
}
