/** Pushes images: what the registry lacks is sent, what it has elsewhere is taken over, then the manifest names it all. */
import { Readable } from 'node:stream';
import { messageOf } from '../../base/errors.ts';
import { Slots } from '../../base/slots.ts';
import { shortId } from '../../formats/digest.ts';
import { GZIP_PIECE_BYTES } from '../../formats/gzip.ts';
import {
  familiarName,
  familiarString,
  type ImageReference,
  parseReference,
} from '../../formats/reference.ts';
import { imageFailure } from '../../model/failures/image.ts';
import type { Progress } from '../../model/progress.ts';
import { firstRoute, type ManifestDocument } from '../../registry/index.ts';
import { sourceText } from './blob-sources.ts';
import { emitTransferEvent, type ImageVerbs } from './deps.ts';
import { sometimes } from './downloading.ts';
import {
  CompressedLayers,
  makeManifest,
  type OutgoingLayer,
  originalManifest,
  type Sent,
} from './outgoing.ts';
import type { PartSink } from './part-sink.ts';
import { progressOf, type Say } from './progress.ts';
import type { PushOptions } from './promise.ts';
import { requireFor } from './resolve.ts';
import type { Image } from './store.ts';

interface Pushing {
  readonly repository: PartSink;
  readonly compressed: CompressedLayers;
  readonly say: Say;
  readonly signal: AbortSignal;
}

/** Pushes an image, or all tags of a repository. @throws InvalidArgument, NotFound: the rest is thrown from the iterator */
export function pushImage(options: PushOptions, verbs: ImageVerbs): AsyncIterable<Progress> {
  const { image, tag, credentials } = options;
  const reference = parseReference(tag ? `${image}:${tag}` : image);
  if (reference.digest !== undefined) throw imageFailure.pushByDigest();
  const routes = verbs.registries.routesToPush(reference.domain, reference.path, credentials);
  return progressOf(options.signal, async (say, signal) => {
    say({ status: `The push refers to repository [${reference.domain}/${reference.path}]` });
    const named = namedBy(reference, verbs);
    for (const { reference, image } of named) requireFor(image, familiarString(reference), options.platform);
    const compressed = await CompressedLayers.open(verbs.storage);
    await firstRoute(
      routes,
      async ({ repository }) => {
        // Where there is a choice, the wrong one shows before anything is told of.
        if (routes.length > 1) await repository.reach(signal);
        for (const each of named) await pushOne(each, { repository, compressed, say, signal }, verbs);
      },
      (failure) =>
        verbs.log.info('push.next-route', {
          image: familiarString(reference),
          reason: messageOf(failure),
        }),
    );
    emitTransferEvent(verbs, 'push', reference);
  });
}

/** One image, or every tag of the repository. @throws NotFound */
function namedBy(
  reference: ImageReference,
  { store }: ImageVerbs,
): { readonly reference: ImageReference; readonly image: Image }[] {
  const all = store.tagsOf(reference);
  if (all.length === 0) throw imageFailure.noTagsLocally({ name: familiarName(reference) });
  return (reference.tag === undefined ? all : [reference]).map((each) => {
    const image = store.get(store.named(each) ?? '');
    if (image === undefined) throw imageFailure.tagNotFound({ reference: familiarString(each) });
    return { reference: each, image };
  });
}

async function pushOne(
  { reference, image }: { readonly reference: ImageReference; readonly image: Image },
  pushing: Pushing,
  verbs: ImageVerbs,
): Promise<void> {
  const { storage } = verbs;
  const { repository, compressed, say, signal } = pushing;
  await using lease = storage.lease('push');
  for (const chainId of image.chain) lease.hold('layer', chainId);
  lease.hold('blob', image.id);
  const original = await originalManifest(image, storage);
  const layers = await compressed.layersOf(image, original);
  for (const { info } of layers) lease.hold('blob', info.blob);
  // Topmost first, as people have always seen it.
  for (const { info } of layers.toReversed())
    say({ status: 'Preparing', id: shortId(info.diffId), progressDetail: {} });
  const sent = await pushLayers(layers, reference, pushing, verbs);
  const size = storage.content.sizeOf(image.id);
  const manifest = original ?? makeManifest({ digest: image.id, size }, sent);
  if (!(await repository.hasBlob(image.id, signal))) {
    const bytes = await storage.content.read(image.id);
    const from = verbs.sources.elsewhere(image.id, reference);
    await repository.upload({ digest: image.id, size, from }, () => bytes, signal);
  }
  const tag = reference.tag ?? 'latest';
  await repository.putManifest(tag, manifest, signal);
  await remember(image, reference, manifest, sent, verbs);
  say({ status: `${tag}: digest: ${manifest.digest} size: ${manifest.bytes.length}` });
  say({ progressDetail: {}, aux: { Tag: tag, Digest: manifest.digest, Size: manifest.bytes.length } });
}

/** Several at a time; what each was, in their order. `reference`: undefined where no repository lends another its blobs. */
export function pushLayers(
  layers: readonly OutgoingLayer[],
  reference: ImageReference | undefined,
  pushing: Upload,
  verbs: ImageVerbs,
): Promise<Sent[]> {
  const slots = new Slots(verbs.transfers.up);
  return allOrNone(layers, pushing.signal, (layer, either) =>
    slots.run(() => pushLayer(layer, reference, { ...pushing, signal: either }, verbs), either),
  );
}

/** Runs all; the first failure calls the others off, and is what is thrown. */
async function allOrNone<T, R>(
  items: readonly T[],
  signal: AbortSignal,
  work: (item: T, signal: AbortSignal) => Promise<R>,
): Promise<R[]> {
  const off = new AbortController();
  const either = AbortSignal.any([signal, off.signal]);
  let first: { readonly error: unknown } | undefined;
  const results = items.map((item) =>
    work(item, either).catch((error: unknown) => {
      first ??= { error };
      off.abort(error);
      throw error;
    }),
  );
  await Promise.allSettled(results);
  if (first) throw first.error;
  return Promise.all(results);
}

async function pushLayer(
  layer: OutgoingLayer,
  reference: ImageReference | undefined,
  { repository, say, signal }: Upload,
  { sources }: ImageVerbs,
): Promise<Sent> {
  const id = shortId(layer.info.diffId);
  if (layer.known && (await repository.hasBlob(layer.known.digest, signal))) {
    say({ status: 'Layer already exists', id, progressDetail: {} });
    return layer.known;
  }
  const from = layer.known && reference && sources.elsewhere(layer.known.digest, reference);
  const { how, sent } = await (layer.is === 'kept'
    ? sendKept(layer, from, { repository, say, signal })
    : sendMade(layer, from, { repository, say, signal }));
  const done =
    how === 'mounted' && reference ? `Mounted from ${sourceText(from ?? '', reference)}` : 'Pushed';
  say({ status: done, id, progressDetail: {} });
  return sent;
}

type Upload = Pick<Pushing, 'repository' | 'say' | 'signal'>;
type Done = { readonly how: 'mounted' | 'uploaded'; readonly sent: Sent };

async function sendKept(
  { info, known, open }: Extract<OutgoingLayer, { is: 'kept' }>,
  from: string | undefined,
  { repository, say, signal }: Upload,
): Promise<Done> {
  const report = progressReporter(say, shortId(info.diffId), known.size);
  const body = () => reportingOn(open(), ({ length }) => report(length));
  const how = await repository.upload({ digest: known.digest, size: known.size, from }, body, signal);
  return { how, sent: known };
}

/** Progress is of the plain archive: how many bytes will travel shows at the end. */
async function sendMade(
  { info, known, make }: Extract<OutgoingLayer, { is: 'made' }>,
  from: string | undefined,
  { repository, say, signal }: Upload,
): Promise<Done> {
  const open = () => {
    const { pieces, made } = make(signal);
    const report = progressReporter(say, shortId(info.diffId), info.plainBytes);
    return { body: reportingOn(pieces, () => report(GZIP_PIECE_BYTES)), made };
  };
  const where = known && from !== undefined ? { digest: known.digest, from } : undefined;
  const how = await repository.uploadMade(where, open, signal);
  return how === 'mounted' ? { how, sent: known! } : { how: 'uploaded', sent: how };
}

/** The same chunks, each told of when it is asked for. */
function reportingOn(stream: Readable, report: (chunk: Buffer) => void): Readable {
  async function* chunks(): AsyncGenerator<Buffer, void> {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      report(chunk);
      yield chunk;
    }
  }
  const told = Readable.from(chunks(), { highWaterMark: 1 });
  return told.once('close', () => stream.destroy()); // also when nothing was asked for
}

/** Tells how far a layer is, as often as people can see. */
function progressReporter(say: Say, id: string, total: number): (more: number) => void {
  let current = 0;
  const report = sometimes(total, (bytes) =>
    say({ status: 'Pushing', id, progressDetail: { current: bytes, total } }),
  );
  return (more) => {
    current = Math.min(total, current + more);
    report(current);
  };
}

/** The image has this digest there from now on, and its blobs can be taken over from there. */
async function remember(
  image: Image,
  reference: ImageReference,
  manifest: ManifestDocument,
  sent: readonly Sent[],
  { store, sources }: ImageVerbs,
): Promise<void> {
  const digested = { ...reference, tag: undefined, digest: manifest.digest };
  await store.change(() => ({
    change: store.get(image.id) ? { tags: [{ reference: digested, id: image.id }] } : {},
    result: undefined,
  }));
  await sources.remember([image.id, ...sent.map(({ digest }) => digest)], reference);
}
