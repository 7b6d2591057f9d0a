/** Loads images from an archive, whatever tool wrote it. */
import type { Readable } from 'node:stream';
import { shortId } from '../../formats/digest.ts';
import { fitness, platformText, type WantedPlatform } from '../../formats/platform.ts';
import { familiarString } from '../../formats/reference.ts';
import { archiveFailure } from '../../model/failures/archive.ts';
import { imageFailure } from '../../model/failures/image.ts';
import { line, type Progress } from '../../model/progress.ts';
import type { Lease } from '../../storage/index.ts';
import { ArchiveFiles } from './archive-files.ts';
import { emitImageEvent, type ImageVerbs } from './deps.ts';
import { readDockerArchive } from './load-docker.ts';
import { readLegacyArchive } from './load-legacy.ts';
import { readOciLayout } from './load-oci.ts';
import { progressOf, type Say } from './progress.ts';
import type { LoadOptions } from './promise.ts';
import { type NewImage, type Registered, registerImage } from './register.ts';
import { identify } from './store.ts';

/** Images one after the other; what was registered before a failure stays. @throws InvalidArgument */
export function loadImages(
  archive: Readable,
  { quiet, platforms, signal }: LoadOptions,
  verbs: ImageVerbs,
): AsyncGenerator<Progress, void> {
  return progressOf(signal, async (say, signal) => {
    await using opened = await verbs.storage.openArchive(archive, { signal });
    await using lease = verbs.storage.lease('load');
    const files = new ArchiveFiles(opened.members);
    let loaded = 0;
    for await (const image of imagesIn(files, { platforms, signal, lease }, verbs)) {
      if (!isFor(image, platforms)) continue;
      const onLayer = quiet ? undefined : layerProgress(image, say);
      const registered = await registerImage(image, { signal, onLayer }, verbs);
      report(image, registered, say);
      emitImageEvent(verbs, 'load', registered.id, registered.id);
      loaded++;
    }
    if (loaded === 0 && platforms.length > 0)
      throw imageFailure.platformsMissing({ platforms: platforms.map(platformText).join(' ') });
  });
}

async function* imagesIn(
  files: ArchiveFiles,
  { platforms, signal, lease }: Pick<LoadOptions, 'platforms' | 'signal'> & { readonly lease: Lease },
  verbs: ImageVerbs,
): AsyncGenerator<NewImage, void> {
  if (files.find('manifest.json')) yield* await readDockerArchive(files);
  else if (files.find('index.json')) yield* await readOciLayout(files, platforms);
  else if (files.find('repositories')) yield* readLegacyArchive(files, signal, lease, verbs);
  else throw archiveFailure.noDirectory();
}

function isFor({ config }: NewImage, platforms: readonly WantedPlatform[]): boolean {
  if (platforms.length === 0) return true;
  const { document } = identify(config);
  return platforms.some((wanted) => fitness(document, wanted) !== undefined);
}

/** One message a layer, when it is unpacked or found to be here. */
function layerProgress({ layers }: NewImage, say: Say): (diffId: string) => void {
  const total = layers.length;
  let current = 0;
  return (diffId) => {
    current++;
    say({
      status: 'Loading layer',
      id: shortId(diffId),
      progressDetail: { current, total, units: 'layers' },
    });
  };
}

function report({ tags }: NewImage, { id, displaced }: Registered, say: Say): void {
  for (const old of displaced)
    say(
      line(
        `The image ${familiarString(old.reference)} already exists, renaming the old one with ID ${old.id} to empty string`,
      ),
    );
  for (const reference of tags) say(line(`Loaded image: ${familiarString(reference)}`));
  if (tags.length === 0) say(line(`Loaded image ID: ${id}`));
}
