/** The archive of `docker save` since 1.10: `manifest.json` says which files make which image. */
import { isDeepStrictEqual } from 'node:util';
import { type DockerManifestItem, readDockerManifest, readImageDocument } from '../../formats/oci.ts';
import { type ImageReference, parseReference } from '../../formats/reference.ts';
import { imageFailure } from '../../model/failures/image.ts';
import { referenceFailure } from '../../model/failures/reference.ts';
import type { ArchiveFiles } from './archive-files.ts';
import type { NewImage } from './register.ts';
import { identify, refuseReserved } from './store.ts';

/** Images in the archive's order; every name and file was looked at before the first is registered. @throws InvalidArgument */
export async function readDockerArchive(files: ArchiveFiles): Promise<NewImage[]> {
  const items = readDockerManifest(await files.read('manifest.json'));
  const images: (NewImage & { readonly wantedParent: string | undefined })[] = [];
  for (const item of items) images.push(await readItem(item, files));
  return images.map(({ wantedParent, ...image }) => ({
    ...image,
    parent: validParent(image, wantedParent, images),
  }));
}

async function readItem({ Config, Layers, RepoTags, Parent }: DockerManifestItem, files: ArchiveFiles) {
  const config = await files.read(Config ?? '');
  const layers = (Layers ?? []).map((name) => {
    const { file, digest } = files.get(name);
    return { from: file, blob: digest };
  });
  return { config, layers, tags: (RepoTags ?? []).map(readTag), wantedParent: Parent };
}

/** A name that an archive gives its image. @throws InvalidArgument when it has no tag, or could be taken for an id */
export function readTag(text: string): ImageReference {
  const reference = refuseReserved(parseReference(text));
  if (reference.tag === undefined || reference.digest !== undefined)
    throw imageFailure.tagInvalid({ tag: text });
  if (reference.path === 'library/scratch') throw referenceFailure.reserved();
  return reference;
}

/** An image of the same archive whose history is this one's without its last step; others are no parents. */
function validParent(
  image: NewImage,
  parentId: string | undefined,
  all: readonly NewImage[],
): string | undefined {
  if (!parentId) return undefined;
  const parent = all.find(({ config }) => identify(config).id === parentId);
  if (!parent || parent.config.equals(image.config)) return undefined;
  const own = readImageDocument(image.config).history ?? [];
  const above = readImageDocument(parent.config).history ?? [];
  const continues = own.length === above.length + 1 && isDeepStrictEqual(own.slice(0, -1), above);
  return continues || own.length + above.length === 0 ? parentId : undefined;
}
