/** Pulls images: finds the manifest, fetches what is not here, and registers it under its names. */
import { EngineError, messageOf } from '../../base/errors.ts';
import { shortId } from '../../formats/digest.ts';
import {
  type Descriptor,
  DOCUMENT_BYTES_MAX,
  type ImageDocument,
  readImageDocument,
} from '../../formats/oci.ts';
import { fitness, parsePlatform, type WantedPlatform } from '../../formats/platform.ts';
import {
  familiarName,
  familiarString,
  type ImageReference,
  parseNameToPull,
} from '../../formats/reference.ts';
import { imageFailure } from '../../model/failures/image.ts';
import { manifestFailure } from '../../model/failures/manifest.ts';
import { referenceFailure } from '../../model/failures/reference.ts';
import type { Progress } from '../../model/progress.ts';
import {
  firstRoute,
  isMissing,
  type ManifestDocument,
  RegistryError,
  type Repository,
} from '../../registry/index.ts';
import type { Digest, Lease } from '../../storage/index.ts';
import { dropBlobs } from './collect.ts';
import { emitTransferEvent, type ImageVerbs } from './deps.ts';
import { sometimes } from './downloading.ts';
import { type ChosenManifest, chooseManifest } from './manifest.ts';
import { progressOf, type Say } from './progress.ts';
import type { PullOptions } from './promise.ts';
import { registerImage } from './register.ts';
import { forAnother } from './resolve.ts';
import { chainOf, type Origin, refuseReserved } from './store.ts';

interface Pulling {
  readonly reference: ImageReference;
  readonly platform: WantedPlatform | undefined;
  readonly oneByOne: boolean;
  readonly say: Say;
  readonly signal: AbortSignal;
}

/** Pulls an image, or all tags of a repository. @throws InvalidArgument for a name that is none; the rest is thrown from the iterator */
export function pullImage(options: PullOptions, verbs: ImageVerbs): AsyncIterable<Progress> {
  const { image, tag, credentials, oneByOne } = options;
  const reference = refuseReserved(parseNameToPull(image, tag));
  if (reference.path === 'library/scratch') throw referenceFailure.reserved();
  const platform = options.platform ? parsePlatform(options.platform) : undefined;
  const routes = verbs.registries.routesToPull(reference.domain, reference.path, credentials);
  return progressOf(options.signal, (say, signal) =>
    firstRoute(
      routes,
      ({ repository }) => pullFrom(repository, { reference, platform, oneByOne, say, signal }, verbs),
      (failure) =>
        verbs.log.info('pull.next-route', {
          image: familiarString(reference),
          reason: messageOf(failure),
        }),
    ).catch((error: unknown) => {
      throw translate(error, reference);
    }),
  );
}

async function pullFrom(repository: Repository, pulling: Pulling, verbs: ImageVerbs): Promise<void> {
  const { reference, say } = pulling;
  const isNew =
    reference.tag === undefined && reference.digest === undefined
      ? await pullAllTags(repository, pulling, verbs)
      : await pullOne(repository, pulling, verbs);
  const name = familiarString(reference);
  say({ status: `Status: ${isNew ? 'Downloaded newer image' : 'Image is up to date'} for ${name}` });
  emitTransferEvent(verbs, 'pull', reference);
}

/** In the words that clients match on. */
function translate(error: unknown, reference: ImageReference): unknown {
  if (!isMissing(error)) return error;
  const { reason, message } = error;
  if (reason === 'DENIED')
    return imageFailure.pullDenied({ name: familiarName(reference), why: message }, { cause: error });
  if (reason === 'NAME_UNKNOWN')
    return imageFailure.repositoryNotFound({ name: familiarName(reference), why: message }, { cause: error });
  return imageFailure.manifestNotFound(
    { reference: familiarString(reference), why: message },
    { cause: error },
  );
}

/** Whether any of them is another image than before. */
async function pullAllTags(repository: Repository, pulling: Pulling, verbs: ImageVerbs): Promise<boolean> {
  const tags = await repository.tags(pulling.signal);
  if (tags.length === 0) throw new RegistryError('name unknown: repository has no tags', 404, 'NAME_UNKNOWN');
  let isNew = false;
  for (const tag of tags) {
    const reference = { ...pulling.reference, tag };
    if (await pullOne(repository, { ...pulling, reference }, verbs)) isNew = true;
  }
  return isNew;
}

/** Whether the name stands for another image than before. */
async function pullOne(repository: Repository, pulling: Pulling, verbs: ImageVerbs): Promise<boolean> {
  const { reference, platform, say, signal } = pulling;
  const wanted = reference.digest ?? reference.tag ?? '';
  const chosen = await chooseManifest(repository, wanted, platform, signal);
  const told = reference.digest === undefined ? wanted : familiarString(reference);
  say({ status: `Pulling from ${reference.path}`, id: told });
  const blobs = blobsOf(chosen);
  await using travel = new AsyncDisposableStack();
  // After the lease has gone: no later daemon needs to go on with what is here or was given up.
  travel.defer(() => verbs.downloads.settle(blobs));
  const lease = travel.use(verbs.storage.lease('pull'));
  const before = verbs.store.named(reference);
  let id: Digest;
  try {
    id = await bring(repository, chosen, pulling, lease, verbs);
  } catch (error) {
    await lease[Symbol.asyncDispose]();
    dropBlobs(blobs, verbs); // what it brought and nobody else needs
    throw error;
  }
  await verbs.sources.remember(
    [chosen.manifest.config, ...chosen.manifest.layers].map(({ digest = '' }) => digest),
    reference,
  );
  say({ status: `Digest: ${chosen.named.digest}` });
  return before !== id;
}

async function bring(
  repository: Repository,
  chosen: ChosenManifest,
  { reference, platform, oneByOne, say, signal }: Pulling,
  lease: Lease,
  verbs: ImageVerbs,
): Promise<Digest> {
  const { manifest, document } = chosen;
  const { downloads, storage } = verbs;
  for (const blob of blobsOf(chosen)) lease.hold('blob', blob);
  const configuration = await fetchConfiguration(repository, manifest.config, signal, verbs);
  const image = readImageDocument(configuration);
  assertRunsOn(image, platform, reference);
  for (const chainId of chainOf(image)) lease.hold('layer', chainId);
  // Of an image that is here already nothing is told, as of nothing that travels.
  const tellLayers = verbs.store.get(manifest.config.digest ?? '') === undefined ? say : () => undefined;
  const missing = missingFrom(manifest.layers, image, tellLayers, verbs);
  const work = new AbortController();
  const either = AbortSignal.any([signal, work.signal]);
  let before: Promise<unknown> = Promise.resolve();
  const layers = manifest.layers.map((layer, i) => {
    const { digest: blob, size } = partOf(layer);
    if (i < manifest.layers.length - missing.length) return { from: storage.content.pathOf(blob), blob };
    const heard = hearing(layer, say);
    const fetch = () => downloads.fetch({ digest: blob, size, repository }, heard, either);
    const from = (oneByOne ? before.then(fetch) : fetch()).then((file) => {
      say({ status: 'Download complete', id: shortId(blob) });
      say({
        status: 'Extracting',
        id: shortId(blob),
        progressDetail: { current: size, total: size },
      });
      return file;
    });
    before = from;
    from.catch(() => work.abort(new Error('another layer failed')));
    return { from, blob };
  });
  await storage.content.put(
    documentsOf(chosen).map(({ digest, bytes }) => ({ digest: digest as Digest, bytes })),
  );
  const onLayer = tellComplete(manifest.layers, image, missing.length, say);
  const tags = [{ ...reference, tag: undefined, digest: chosen.named.digest }];
  const { id } = await registerImage(
    {
      config: configuration,
      layers,
      tags: reference.digest === undefined ? [reference, ...tags] : tags,
      manifest: {
        ...originOf(document),
        ...(chosen.named.digest === document.digest ? {} : { index: originOf(chosen.named) }),
      },
    },
    { signal: either, onLayer },
    verbs,
  ).catch(async (error: unknown) => {
    work.abort(error);
    // The layers' own failure tells more than that its siblings were called off.
    const ends = await Promise.allSettled(layers.map(({ from }) => from));
    const real = ends.find((end) => end.status === 'rejected' && end.reason instanceof EngineError) as
      | PromiseRejectedResult
      | undefined;
    signal.throwIfAborted();
    throw error instanceof EngineError ? error : (real?.reason ?? error);
  });
  return id;
}

/** What {@link chooseManifest} has made sure of. */
const partOf = ({ digest, size = 0 }: Descriptor): { digest: Digest; size: number } => ({
  digest: digest as Digest,
  size,
});

async function fetchConfiguration(
  repository: Repository,
  { digest, size = 0 }: Descriptor,
  signal: AbortSignal,
  { downloads, storage }: ImageVerbs,
): Promise<Buffer> {
  if (size > DOCUMENT_BYTES_MAX) throw manifestFailure.configurationTooLarge({ most: DOCUMENT_BYTES_MAX });
  await downloads.fetch({ digest: digest as Digest, size, repository }, () => undefined, signal);
  return storage.content.read(digest as Digest);
}

function assertRunsOn(
  image: ImageDocument,
  wanted: WantedPlatform | undefined,
  reference: ImageReference,
): void {
  if (wanted === undefined || !image.architecture) return;
  const { os = 'linux', architecture, variant = '' } = image;
  if (fitness({ os, architecture, variant }, wanted) !== undefined) return;
  throw forAnother(familiarString(reference), { os, architecture, variant }, wanted);
}

/** The layers from the first one on that is not unpacked here; the others are told to be there. */
function missingFrom(
  layers: readonly Descriptor[],
  image: ImageDocument,
  say: Say,
  { storage }: ImageVerbs,
): readonly Descriptor[] {
  const chain = chainOf(image);
  const there = chain.findIndex((chainId) => storage.layers.get(chainId) === undefined);
  const count = there < 0 ? layers.length : Math.min(there, layers.length);
  for (const [i, { digest = '' }] of layers.entries())
    say({
      status: i < count ? 'Already exists' : 'Pulling fs layer',
      id: shortId(digest),
      progressDetail: {},
    });
  return layers.slice(count);
}

/** Tells how far a layer is, not too often. */
function hearing(
  { digest = '', size: total = 0 }: Descriptor,
  say: Say,
): (bytes: number | undefined) => void {
  const id = shortId(digest);
  const report = sometimes(total, (current) =>
    say({ status: 'Downloading', id, progressDetail: { current, total } }),
  );
  return (bytes) => {
    if (bytes === undefined) say({ status: 'Waiting', id, progressDetail: {} });
    else report(bytes);
  };
}

/** By diff id we hear of unpacked layers; by blob we tell of them. */
function tellComplete(
  layers: readonly Descriptor[],
  image: ImageDocument,
  missing: number,
  say: Say,
): (diffId: Digest) => void {
  const open = image.rootfs.diff_ids.map((diffId, i) => ({ diffId, i })).slice(layers.length - missing);
  return (diffId) => {
    const at = open.findIndex((each) => each.diffId === diffId);
    if (at < 0) return;
    const [{ i } = { i: 0 }] = open.splice(at, 1);
    say({ status: 'Pull complete', id: shortId(layers[i]?.digest ?? ''), progressDetail: {} });
  };
}

/** The manifest, and the index that led to it. */
const documentsOf = ({ named, document }: ChosenManifest): ManifestDocument[] =>
  named.digest === document.digest ? [document] : [document, named];

const originOf = ({ digest, mediaType, bytes }: ManifestDocument): Origin => ({
  digest: digest as Digest,
  mediaType,
  size: bytes.length,
});

/** All blobs of an image. */
const blobsOf = (chosen: ChosenManifest): Digest[] =>
  [...documentsOf(chosen), chosen.manifest.config, ...chosen.manifest.layers].map(
    ({ digest }) => digest as Digest,
  );
