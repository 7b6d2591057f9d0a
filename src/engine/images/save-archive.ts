/**
 * The archive of `docker save`: an OCI image layout with the `manifest.json` of Docker beside its index. Layers are
 * plain, so that their digests are the diff ids that the configuration names (docs/decisions/0009).
 */
import { familiarName, familiarString } from '../../formats/reference.ts';
import type { Storage } from '../../storage/index.ts';
import {
  blobPath,
  INDEX_TYPE,
  line,
  MANIFEST_TYPE,
  type Member,
  member,
  type NamedImage,
  type Parts,
  partsOf,
} from './archive-parts.ts';

/** What the archive is made of, in its order: blobs, each once, then the documents that name them. */
export async function archiveMembers(images: readonly NamedImage[], storage: Storage): Promise<Member[]> {
  const parts = await Promise.all(images.map((named) => partsOf(named, storage)));
  const blobs = new Map(parts.flatMap(({ blobs }) => blobs).map((blob) => [blob.path, blob]));
  return [
    ...blobs.values(),
    member('index.json', JSON.stringify(indexOf(parts))),
    member('manifest.json', line(parts.map((part) => dockerItem(part, images)))),
    member('oci-layout', '{"imageLayoutVersion":"1.0.0"}'),
    ...repositoriesOf(parts),
  ];
}

/** One entry a name; an image without names has one too. */
function indexOf(parts: readonly Parts[]): unknown {
  const manifests = parts.flatMap(({ names, manifest }) => {
    const descriptor = { mediaType: MANIFEST_TYPE, digest: manifest.digest, size: manifest.bytes };
    if (names.length === 0) return [descriptor];
    return names.map(({ domain, path, tag }) => ({
      ...descriptor,
      annotations: {
        'io.containerd.image.name': `${domain}/${path}:${tag}`,
        'org.opencontainers.image.ref.name': tag,
      },
    }));
  });
  return { schemaVersion: 2, mediaType: INDEX_TYPE, manifests };
}

function dockerItem({ image, names, layers }: Parts, all: readonly NamedImage[]): unknown {
  const { parent } = image;
  return {
    Config: blobPath(image.id),
    RepoTags: names.length === 0 ? null : names.map(familiarString),
    Layers: layers.map(({ diffId }) => blobPath(diffId)),
    ...(all.some((other) => other.image.id === parent) ? { Parent: parent } : {}),
  };
}

/** Repository → tag → topmost layer. Nothing has names: there is no such file. */
function repositoriesOf(parts: readonly Parts[]): Member[] {
  const repositories = new Map<string, Record<string, string>>();
  for (const { names, layers } of parts) {
    const top = layers.at(-1)?.diffId.slice('sha256:'.length);
    for (const name of top === undefined ? [] : names) {
      const key = familiarName(name);
      repositories.set(key, { ...repositories.get(key), [name.tag ?? '']: top ?? '' });
    }
  }
  return repositories.size === 0 ? [] : [member('repositories', line(Object.fromEntries(repositories)))];
}
