/** The archive of `docker save` before 1.10: a directory an image, each with its layer and its parent's id. */
import { messageOf } from '../../base/errors.ts';
import { decodeBody } from '../../base/schema.ts';
import { parseRfc3339 } from '../../base/time.ts';
import { digestOf } from '../../formats/digest-of.ts';
import { type HistoryEntry, IMAGE_LAYERS_MAX, readRepositories } from '../../formats/oci.ts';
import type { ImageReference } from '../../formats/reference.ts';
import { ContainerConfig } from '../../model/config.ts';
import { archiveFailure } from '../../model/failures/archive.ts';
import type { ChainId, Digest, LayerInfo, Lease } from '../../storage/index.ts';
import type { ArchiveFiles } from './archive-files.ts';
import type { ImageVerbs } from './deps.ts';
import { readTag } from './load-docker.ts';
import type { NewImage } from './register.ts';

/** One directory: what its `json` says. */
interface LegacyImage {
  readonly id: string;
  readonly parent: string | undefined;
  readonly json: Readonly<Record<string, unknown>>;
}

/** What an image of today is made of. */
interface Converted {
  readonly config: Buffer;
  readonly layers: NewImage['layers'];
  readonly diffIds: readonly Digest[];
  readonly history: readonly HistoryEntry[];
  readonly chainId: ChainId;
  readonly imageId: Digest;
}

const ID = /^[0-9a-f]{64}$/;
/** Members of the old form that are not part of an image's identity. */
const LEFT_OUT = new Set(['id', 'parent', 'Size', 'parent_id', 'layer_id', 'throwaway']);

/**
 * Images with their parents before them. Layers are unpacked on the way: their ids are not in such an archive, so that
 * there is no configuration before. `lease` holds them until their image is registered.
 * @throws InvalidArgument
 */
export async function* readLegacyArchive(
  files: ArchiveFiles,
  signal: AbortSignal,
  lease: Lease,
  { storage }: Pick<ImageVerbs, 'storage'>,
): AsyncGenerator<NewImage, void> {
  const tags = await readTags(files);
  const images = parentsFirst(await readImages(files));
  const nowhere = [...tags.keys()].find((id) => !images.some((image) => image.id === id));
  if (nowhere !== undefined) throw archiveFailure.targetInvalid({ target: nowhere.slice(0, 100) });
  const converted = new Map<string, Converted>();
  for (const image of images) {
    const parent = image.parent === undefined ? undefined : converted.get(image.parent);
    const { file, digest } = files.get(`${image.id}/layer.tar`);
    const layer = { from: file, blob: digest };
    const [info] = await storage.layers.apply([layer], { parent: parent?.chainId, signal, lease });
    const made = convert(image, info!, layer, parent);
    converted.set(image.id, made);
    yield {
      config: made.config,
      layers: made.layers,
      tags: tags.get(image.id) ?? [],
      parent: parent?.imageId,
    };
  }
}

/** Directory id → names. */
async function readTags(files: ArchiveFiles): Promise<Map<string, ImageReference[]>> {
  const names = new Map<string, ImageReference[]>();
  for (const [repository, tags] of Object.entries(readRepositories(await files.read('repositories'))))
    for (const [tag, id] of Object.entries(tags))
      names.set(id, [...(names.get(id) ?? []), readTag(`${repository}:${tag}`)]);
  return names;
}

async function readImages(files: ArchiveFiles): Promise<Map<string, LegacyImage>> {
  const images = new Map<string, LegacyImage>();
  for (const id of files.topNames()) {
    if (!files.find(`${id}/json`)) continue;
    // An id becomes nothing but a key here; still, what cannot be one is refused with all the rest.
    if (!ID.test(id)) throw archiveFailure.idInvalid({ id: id.slice(0, 100) });
    const json = readObject(await files.read(`${id}/json`), id);
    const parent = typeof json.parent === 'string' && json.parent !== '' ? json.parent : undefined;
    images.set(id, { id, parent, json });
  }
  return images;
}

function readObject(bytes: Buffer, id: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch (error) {
    throw archiveFailure.jsonUnreadable({ id, why: messageOf(error) });
  }
  throw archiveFailure.jsonNoObject({ id });
}

/** @throws InvalidArgument when a parent is missing or parents go round */
function parentsFirst(images: ReadonlyMap<string, LegacyImage>): LegacyImage[] {
  const ordered = new Set<LegacyImage>();
  for (const image of images.values()) {
    const line: LegacyImage[] = [];
    for (let at: LegacyImage | undefined = image; at && !ordered.has(at); at = parentOf(at, images)) {
      if (line.includes(at)) throw archiveFailure.ownAncestor({ id: at.id });
      if (line.length >= IMAGE_LAYERS_MAX) throw archiveFailure.layersTooMany();
      line.push(at);
    }
    for (const ancestor of line.reverse()) ordered.add(ancestor);
  }
  return [...ordered];
}

function parentOf(
  { id, parent }: LegacyImage,
  images: ReadonlyMap<string, LegacyImage>,
): LegacyImage | undefined {
  if (parent === undefined) return undefined;
  const found = images.get(parent);
  if (!found) throw archiveFailure.parentMissing({ parent: parent.slice(0, 100), id });
  return found;
}

function convert(
  { id, json }: LegacyImage,
  { chainId, diffId }: LayerInfo,
  layer: NewImage['layers'][number],
  parent: Converted | undefined,
): Converted {
  const diffIds = [...(parent?.diffIds ?? []), diffId];
  const history = [...(parent?.history ?? []), historyOf(json, id)];
  const kept = Object.entries(isOlderThan183(json.docker_version) ? asOldImage(json, id) : json);
  const members = kept.filter(([name]) => !LEFT_OUT.has(name));
  const document = [
    ...members,
    ['rootfs', { type: 'layers', diff_ids: diffIds }],
    ['history', history],
  ] as const;
  const sorted = Object.fromEntries(document.toSorted(([a], [b]) => (a < b ? -1 : 1)));
  const config = Buffer.from(goJson(sorted));
  return {
    config,
    layers: [...(parent?.layers ?? []), layer],
    diffIds,
    history,
    chainId,
    imageId: digestOf(config),
  };
}

function historyOf(json: LegacyImage['json'], id: string): HistoryEntry {
  const { created, author, comment } = json;
  const config = decodeConfig(json.container_config, id);
  const said = { created, created_by: (config.Cmd ?? []).join(' '), author, comment };
  return Object.fromEntries(
    Object.entries(said).filter(([, value]) => typeof value === 'string' && value !== ''),
  );
}

function decodeConfig(value: unknown, id: string): ContainerConfig {
  try {
    return decodeBody(ContainerConfig, value ?? {});
  } catch (error) {
    throw archiveFailure.jsonUnreadable({ id, why: messageOf(error) });
  }
}

/** Engines before 1.8.3 wrote members that later ones do not know: of theirs only the known ones count. */
function isOlderThan183(version: unknown): boolean {
  const [major = 0, minor = 0, patch = 0] = (typeof version === 'string' ? version : '')
    .split('.')
    .map((n) => Number.parseInt(n, 10) || 0);
  return major < 1 || (major === 1 && (minor < 8 || (minor === 8 && patch < 3)));
}

/** The known members, as Go writes its struct: texts left out when empty, configurations whole. */
function asOldImage(json: LegacyImage['json'], id: string): Record<string, unknown> {
  const texts = ['comment', 'container', 'docker_version', 'author', 'architecture', 'variant', 'os'];
  const said = texts.filter((name) => typeof json[name] === 'string' && json[name] !== '');
  const created =
    typeof json.created === 'string' && parseRfc3339(json.created) !== undefined ? json.created : null;
  return {
    ...Object.fromEntries(said.map((name) => [name, json[name]])),
    created,
    container_config: wholeConfig(json.container_config, id),
    ...(json.config ? { config: wholeConfig(json.config, id) } : {}),
  };
}

function wholeConfig(value: unknown, id: string): unknown {
  const filled = ContainerConfig.fill(decodeConfig(value, id)) as Record<string, unknown>;
  const entries = Object.entries(filled);
  if (filled.OnBuild === undefined) {
    // Go writes this one always; it stands before the labels.
    const at = entries.findIndex(([name]) => name === 'Labels');
    entries.splice(at, 0, ['OnBuild', null]);
  }
  return Object.fromEntries(entries);
}

/** JSON as Go writes it: what HTML would take for its own is escaped. */
function goJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
