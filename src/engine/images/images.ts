/** Images: what the engine's interface promises of them, made of the verbs of this folder. */
import { messageOf } from '../../base/errors.ts';
import { Slots } from '../../base/slots.ts';
import type { ImagesUsage } from '../../model/disk-usage.ts';
import { UNFINISHED_KEPT_MS } from '../../storage/index.ts';
import { imageAttestations } from './attestations.ts';
import { BlobSources } from './blob-sources.ts';
import { clearing, collectAll } from './collect.ts';
import { checkName, commitImage, type ImageCommits } from './commit.ts';
import type { ImagesDeps, ImageVerbs } from './deps.ts';
import { Downloads } from './downloads.ts';
import { importRootfs } from './import.ts';
import { imageHistory, inspectImage } from './inspect.ts';
import { keepLogin, keptCredentials, readKeptLogin } from './kept-login.ts';
import { listWithManifests } from './list.ts';
import { loadImages } from './load.ts';
import { madeBefore } from './made-before.ts';
import { manifestDescriptor } from './manifests.ts';
import { type CachePlace, type FoundCache, openCache } from './open-cache.ts';
import { type LayoutOptions, openLayout } from './open-layout.ts';
import type { Images } from './promise.ts';
import { createImagePrune } from './prune.ts';
import { pullImage } from './pull.ts';
import { pushImage } from './push.ts';
import { type PushCacheOptions, type PushedCache, pushCache } from './push-cache.ts';
import { inspectDistribution, login, searchImages } from './registry-verbs.ts';
import { removeImage } from './remove.ts';
import { findFor, type ImageSource, resolveImage } from './resolve.ts';
import { saveImages } from './save.ts';
import { createSteps, type ImageSteps, type StepImage } from './steps.ts';
import { ImageStore } from './store.ts';
import { tagImage } from './tag.ts';
import { imagesUsage } from './usage.ts';

/** The cleaning up that begins when the room is opened. */
export interface Collected {
  /** What an earlier run left without an image is gone (or the failure logged) when it resolves. */
  readonly collected: Promise<void>;
}

/** Caches of builds, for others and of others; and images that a build's client lends. */
export interface ImageCaches {
  /** @throws NotFound, Failed, RegistryError … */
  openCache(place: CachePlace): Promise<FoundCache>;
  /** @throws InvalidArgument, NotFound, Failed */
  openLayout(options: LayoutOptions): Promise<StepImage>;
  /** Undefined: there is no layer in it. @throws RegistryError, Failed … */
  pushCache(options: PushCacheOptions): Promise<PushedCache | undefined>;
}

/** How much disk images take. */
export interface Measured {
  usage(): Promise<ImagesUsage>;
}

/** What must be stopped before the daemon ends. */
export interface Stoppable {
  /** The daemon ends: what pulls have brought so far is left to the next one. */
  stop(): void;
}

/** How often is looked for what nobody goes on with. */
const SWEEP_INTERVAL_MS = 60 * 60 * 1000;

/**
 * Reads what images there are. `usedBy` is not asked before the first removal or list: containers may be found later.
 * Layers and blobs that a crash left without an image are removed in the background.
 */
export async function createImages(
  deps: ImagesDeps,
): Promise<
  Images & ImageSource & ImageCommits & ImageSteps & ImageCaches & Collected & Measured & Stoppable
> {
  const store = new ImageStore(deps.storage, deps.log);
  await store.open();
  const downloads = new Downloads(deps.storage, new Slots(deps.transfers.down));
  const sources = await BlobSources.open(deps.storage.records);
  const verbs: ImageVerbs = { ...deps, store, downloads, sources };
  const collected = collectAll(verbs)
    .then(() => void downloads.dropLeft(UNFINISHED_KEPT_MS))
    .catch((error: unknown) => deps.log.error('images.collect', { error: messageOf(error) }));
  const sweeping = setInterval(() => downloads.dropLeft(UNFINISHED_KEPT_MS), SWEEP_INTERVAL_MS).unref();
  return {
    ...createSteps(verbs),
    openCache: (place) => openCache(place, verbs),
    openLayout: (options) => openLayout(options, verbs),
    pushCache: (options) => pushCache(options, verbs),
    collected,
    stop() {
      clearInterval(sweeping);
      downloads.stop();
    },
    resolve: (name, wanted) => resolveImage(name, store, wanted),
    has: (id) => store.get(id) !== undefined,
    manifestOf(id) {
      const image = store.get(id);
      return image && manifestDescriptor(image);
    },
    list: (options) => listWithManifests(options, verbs),
    inspect: (name, options = {}) => inspectImage(name, options, verbs),
    async configOf(name, platform) {
      const digest = findFor(name, store, platform).id;
      return { digest, bytes: await deps.storage.content.read(digest) };
    },
    history: async (name, platform) => imageHistory(name, platform, verbs),
    attestations: (name, platform) => imageAttestations(name, platform, verbs),
    tag: (name, to) => tagImage(name, to, verbs),
    madeBefore: async (parent, config) => madeBefore(parent, config, verbs),
    remove: async (name, options) => (await removeImage(name, options, verbs)).items,
    prune: createImagePrune(verbs),
    usage: () => imagesUsage(verbs),
    load: (archive, options) => clearing(loadImages(archive, options, verbs), verbs),
    save: (names, options) => saveImages(names, options, verbs),
    checkName,
    commit: (request) => commitImage(request, verbs),
    clear: () => collectAll(verbs),
    importRootfs: (from, options) => clearing(importRootfs(from, options, verbs), verbs),
    pull: (options) => clearing(pullImage(options, verbs), verbs),
    push: (options) => pushImage(options, verbs),
    search: (options) => searchImages(options, verbs),
    login: (options) => login(options, verbs),
    keptLogin: () => readKeptLogin(deps.storage.records),
    keepLogin: (login) => keepLogin(login, deps.storage.records),
    keptCredentials: (image) => keptCredentials(image, deps.storage.records),
    distribution: (options) => inspectDistribution(options, verbs),
  };
}
