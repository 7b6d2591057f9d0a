/** Makes an image of one layer from the archive of a root file system. */
import { Readable } from 'node:stream';
import { VERSION } from '../../base/release.ts';
import { formatNanos } from '../../base/time.ts';
import { hostArchitecture } from '../../formats/oci.ts';
import { platformParts } from '../../formats/platform.ts';
import { familiarString, type ImageReference, parseRepoAndTag } from '../../formats/reference.ts';
import { imageFailure } from '../../model/failures/image.ts';
import { referenceFailure } from '../../model/failures/reference.ts';
import type { Progress } from '../../model/progress.ts';
import { applyChanges } from './changes.ts';
import { emitImageEvent, type ImageVerbs } from './deps.ts';
import { told } from './downloading.ts';
import { imageConfig } from './parts.ts';
import { progressOf, type Say } from './progress.ts';
import type { ImportOptions } from './promise.ts';
import { registerImage } from './register.ts';
import { refuseReserved } from './store.ts';

/**
 * From an archive, or from where it lies on the web. The last message says the id.
 * @throws InvalidArgument, from the first step of the iteration for what is asked wrongly
 */
export async function* importRootfs(
  from: Readable | URL,
  options: ImportOptions,
  verbs: ImageVerbs,
): AsyncGenerator<Progress, void> {
  const reference = options.repo ? refuseReserved(parseRepoAndTag(options.repo, options.tag)) : undefined;
  const config = imageConfig(applyChanges({}, options.changes));
  const platform = readPlatform(options.platform);
  yield* progressOf(options.signal, async (say, signal) => {
    const { storage, now, store } = verbs;
    await using lease = storage.lease('import');
    await using source = await open(from, say, signal, verbs);
    const [layer] = await storage.layers.apply([{ from: source.archive }], {
      parent: undefined,
      signal,
      lease,
    });
    const created = formatNanos(now());
    // The members in the order of their names, as the first engine writes them.
    const { architecture, os, variant } = platform;
    const document = {
      architecture,
      comment: options.message,
      config,
      created,
      docker_version: VERSION,
      history: [{ created, comment: options.message }],
      os,
      rootfs: { type: 'layers', diff_ids: [layer!.diffId] },
      ...(variant === undefined ? {} : { variant }),
    };
    const tags: ImageReference[] = reference ? [reference] : [];
    const image = { config: Buffer.from(JSON.stringify(document)), layers: [{ from: '' }], tags };
    const { id } = await registerImage(image, { signal }, verbs);
    if (reference) {
      await store.change(() => ({
        change: { tags: [{ reference, id }], taggedAt: created },
        result: undefined,
      }));
      emitImageEvent(verbs, 'tag', id, familiarString(reference));
    }
    emitImageEvent(verbs, 'import', id, id);
    say({ status: id });
  });
}

async function open(
  from: Readable | URL,
  say: Say,
  signal: AbortSignal,
  { registries }: ImageVerbs,
): Promise<AsyncDisposable & { readonly archive: Readable }> {
  if (!(from instanceof URL)) return { archive: from, [Symbol.asyncDispose]: async () => undefined };
  const source = await registries.download(from, signal);
  say({ status: `Downloading from ${source.from}` });
  const archive = Readable.from(told(source, 'Importing', say), {
    objectMode: false,
    highWaterMark: 1 << 20,
  });
  return {
    archive,
    async [Symbol.asyncDispose]() {
      archive.destroy();
      await source[Symbol.asyncDispose]();
    },
  };
}

/** @throws InvalidArgument */
function readPlatform(text: string | undefined): { architecture: string; os: string; variant?: string } {
  const [os = 'linux', architecture = hostArchitecture(), variant] = text ? platformParts(text) : [];
  const parts = [os, architecture, ...(variant === undefined ? [] : [variant])];
  if (parts.some((part) => !/^[a-z0-9_.-]+$/.test(part)))
    throw referenceFailure.platformUnknown({ text: String(text) });
  if (os !== 'linux') throw imageFailure.systemUnsupported({ os });
  return { architecture, os, ...(variant === undefined ? {} : { variant }) };
}
