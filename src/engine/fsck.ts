/** Looks whether what images and containers refer to is there, and whether something is there that nothing refers to. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../base/errors.ts';
import { damage, type Finding, leftover } from '../base/finding.ts';
import { isDigest } from '../formats/digest.ts';
import { readImageDocument } from '../formats/oci.ts';
import { type CompressedLayer, type Digest, type Examined, examineStorage } from '../storage/index.ts';
import { BUILD_STEPS, CACHE_MOUNTS } from './builds/cache/rows.ts';
import { strayMounts } from './builds/cache/stray-mounts.ts';
import { volumesOf } from './containers/mounts/mounted.ts';
import { CONTAINERS, type ContainerRecord } from './containers/record.ts';
import { UnreadableContainers } from './containers/set-aside.ts';
import { BLOB_SOURCES } from './images/blob-sources.ts';
import { COMPRESSED } from './images/outgoing.ts';
import { chainOf, documentsOf, IMAGES, type ImageRow, REFERENCES } from './images/store.ts';

/** What was found in a data root. */
export interface DataRootReport {
  readonly findings: readonly Finding[];
  /** How many of each kind were looked at. */
  readonly counts: Readonly<
    Record<'blobs' | 'layers' | 'images' | 'names' | 'containers' | 'volumes', number>
  >;
  /** Blobs that a pull was cut off from, for the next one to go on with. */
  readonly unfinished: number;
}

/** Reads all of a data root and changes nothing. @throws Error when it cannot be read at all */
export async function examineDataRoot(root: string): Promise<DataRootReport> {
  const stored = await examineStorage(root);
  const { records } = stored;
  const { rows: images, ...others } = records.read(IMAGES);
  const { rows: names } = records.read(REFERENCES);
  const { rows, ...unreadable } = records.read(CONTAINERS);
  const containers = [...rows.values()];
  const used = {
    images,
    compressed: records.read(COMPRESSED).rows,
    sources: records.read(BLOB_SOURCES).rows,
    // What an image that cannot be read needs is not known: then nothing is taken for left over.
    incomplete: others.setAside.size > 0 || others.rowsWereLost,
  };
  records.read(BUILD_STEPS); // one whose image is gone is no row; one that cannot be read is found
  const mounts = records.read(CACHE_MOUNTS);
  const findings = [
    ...records.findings,
    ...stored.findings,
    ...examineImages(root, images, stored),
    ...[...names].flatMap(([name, id]) =>
      images.has(id) ? [] : [damage(`name ${name}`, `its image ${id} is missing`)],
    ),
    ...examineBlobUse(used, stored),
    ...examineContainers(root, containers, new UnreadableContainers(unreadable), stored),
    ...strayMounts(join(root, 'build/mounts'), mounts).map((path) =>
      leftover(path, 'kept for steps of builds, and not on record'),
    ),
  ];
  const counts = {
    blobs: stored.blobs.size,
    layers: stored.layers.size,
    images: images.size,
    names: names.size,
    containers: containers.length,
    volumes: stored.volumes.size,
  };
  return { findings, counts, unfinished: stored.unfinished };
}

function examineImages(
  root: string,
  images: ReadonlyMap<string, ImageRow>,
  { blobs, layers }: Examined,
): Finding[] {
  return [...images].flatMap(([id, { parent, manifest }]) => {
    const complaints: string[] = [];
    if (parent !== undefined && !images.has(parent)) complaints.push(`its parent ${parent} is missing`);
    if (manifest && !blobs.has(manifest.digest))
      complaints.push(`its manifest ${manifest.digest} is missing`);
    if (manifest?.index && !blobs.has(manifest.index.digest))
      complaints.push(`its index ${manifest.index.digest} is missing`);
    if (!isDigest(id) || !blobs.has(id)) complaints.push('its configuration is missing');
    else complaints.push(...layerComplaints(join(root, 'content/blobs/sha256', id.slice(7)), layers));
    return complaints.map((what) => damage(`image ${id}`, what));
  });
}

function layerComplaints(configuration: string, layers: Examined['layers']): string[] {
  try {
    const missing = chainOf(readImageDocument(readFileSync(configuration))).filter((id) => !layers.has(id));
    return missing.map((chainId) => `its layer ${chainId} is missing`);
  } catch (error) {
    return [`its configuration cannot be read: ${messageOf(error)}`];
  }
}

interface BlobUse {
  readonly images: ReadonlyMap<string, ImageRow>;
  readonly compressed: ReadonlyMap<string, CompressedLayer>;
  readonly sources: ReadonlyMap<string, unknown>;
  readonly incomplete: boolean;
}

/** Blobs, and notes on how they travelled, that nothing needs. */
function examineBlobUse(
  { images, compressed, sources, incomplete }: BlobUse,
  { blobs, layers }: Examined,
): Finding[] {
  if (incomplete) return [];
  const held = new Set<string>([...layers.values()].map(({ blob }) => blob));
  for (const [id, { manifest }] of images)
    for (const blob of documentsOf({ id: id as Digest, manifest })) held.add(blob);
  const travelling = new Set<string>([...compressed.values()].map(({ digest }) => digest));
  return [
    ...[...blobs]
      .filter((blob) => !held.has(blob))
      .map((blob) => leftover(`blob ${blob}`, 'nothing refers to it')),
    ...[...compressed.keys()]
      .filter((blob) => !blobs.has(blob))
      .map((blob) => leftover(`record ${COMPRESSED} ${blob}`, 'its blob is gone')),
    ...[...sources.keys()]
      .filter((blob) => !blobs.has(blob) && !travelling.has(blob))
      .map((blob) => leftover(`record ${BLOB_SOURCES} ${blob}`, 'its blob is gone')),
  ];
}

function examineContainers(
  root: string,
  containers: readonly ContainerRecord[],
  unreadable: UnreadableContainers,
  { writable, volumes }: Examined,
): Finding[] {
  const owned = new Set<string>();
  const findings: Finding[] = [];
  for (const { id, mounts } of containers) {
    const layers = [id, ...mounts.flatMap(({ layer }) => layer ?? [])];
    for (const layer of layers) owned.add(layer);
    for (const layer of layers.filter((each) => !writable.has(each)))
      findings.push(damage(`container ${id}`, `its writable layer ${layer} is missing`));
    for (const name of volumesOf(mounts).filter((each) => !volumes.has(each)))
      findings.push(damage(`container ${id}`, `its volume ${name} is missing`));
  }
  for (const name of writable)
    if (!owned.has(name) && !unreadable.mayOwn(name))
      findings.push(leftover(join(root, 'w', name), 'a writable layer of no container'));
  const known = new Set(containers.map(({ id }) => id));
  const directory = join(root, 'containers');
  for (const name of existsSync(directory) ? readdirSync(directory) : [])
    if (!known.has(name) && !unreadable.mayOwn(name))
      findings.push(leftover(join(directory, name), 'files of no container'));
  return findings;
}
