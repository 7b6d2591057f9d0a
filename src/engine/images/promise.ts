/** What the engine promises of images: its verbs and their options. The verbs take the same types. */

import type { Readable } from 'node:stream';
import type { Credentials } from '../../formats/credentials.ts';
import type { Digest } from '../../formats/digest.ts';
import type { WantedPlatform } from '../../formats/platform.ts';
import type { Filters } from '../../model/filters.ts';
import type { HistoryItem, ImageDeleteItem, ImageInspect, ImageSummary } from '../../model/image.ts';
import type { AttestationStatement } from '../../model/image-manifest.ts';
import type { Progress } from '../../model/progress.ts';
import type { ImagesPruned } from '../../model/prune.ts';
import type { DistributionInspect, KeptLogin, SearchResult } from '../../model/registry.ts';
import type { StepConfig } from './made-before.ts';

/** Which images are listed, and how much of each is told. */
export interface ListImagesOptions {
  /** Also images without a name that others were built on. */
  readonly all: boolean;
  readonly filters: Filters;
  /** With the bytes that each shares with others. */
  readonly sharedSize: boolean;
  /** With the manifests under each name. */
  readonly manifests?: boolean;
  /** With where each manifest comes from. */
  readonly identity?: boolean;
}

/** How an image is looked at. */
export interface InspectImageOptions {
  /** It must be for that platform; undefined: whatever it is for. */
  readonly platform?: WantedPlatform | undefined;
  /** With the manifests under its name. */
  readonly manifests?: boolean;
}

/** The name that an image gets. */
export interface TagTarget {
  readonly repo: string;
  /** Undefined: `latest`. */
  readonly tag: string | undefined;
  /** An image that has the name already keeps it. */
  readonly keepHolder?: boolean;
}

/** How an image is removed. */
export interface RemoveImageOptions {
  /** Containers that do not run keep their image only when this is so. */
  readonly keepUsed?: boolean;
  readonly force: boolean;
  /** Also parents that nothing needs any more. */
  readonly prune: boolean;
  /** The image must be for it. */
  readonly platform?: WantedPlatform | undefined;
}

/** What is taken of an archive of images. */
export interface LoadOptions {
  /** No progress of layers: only what was loaded. */
  readonly quiet: boolean;
  /** Images for other platforms are left out; none: an index's choice is this machine's. */
  readonly platforms: readonly WantedPlatform[];
  readonly signal: AbortSignal;
}

/** What goes into an archive of images. */
export interface SaveOptions {
  /** Each image must be for one of these; none: whatever it is for. */
  readonly platforms: readonly WantedPlatform[];
  readonly signal: AbortSignal;
}

/** What an archive of files becomes. */
export interface ImportOptions {
  readonly repo: string | undefined;
  readonly tag: string | undefined;
  readonly message: string;
  /** Instructions of a Dockerfile. */
  readonly changes: readonly string[];
  /** `os[/architecture[/variant]]`; undefined: this machine's. */
  readonly platform: string | undefined;
  readonly signal: AbortSignal;
}

/** What is pulled. */
export interface PullOptions {
  readonly image: string;
  /** A tag or digest; undefined and none in `image`: all tags. */
  readonly tag: string | undefined;
  /** `os[/architecture[/variant]]`; undefined: this machine's. */
  readonly platform: string | undefined;
  readonly credentials: Credentials | undefined;
  /** Layer after layer: for readers that could not tell their messages apart. */
  readonly oneByOne: boolean;
  readonly signal: AbortSignal;
}

/** What is pushed. */
export interface PushOptions {
  readonly image: string;
  /** Undefined and none in `image`: all tags of the repository. */
  readonly tag: string | undefined;
  /** Each image must be for it. */
  readonly platform?: WantedPlatform | undefined;
  readonly credentials: Credentials | undefined;
  readonly signal: AbortSignal;
}

/** What a registry is searched for. */
export interface SearchOptions {
  readonly term: string;
  /** Undefined or zero: 25. */
  readonly limit: number | undefined;
  readonly filters: Filters;
  readonly credentials: Credentials | undefined;
  readonly signal: AbortSignal;
}

/** Whose credentials are tried where. */
export interface LoginOptions {
  readonly server: string;
  readonly credentials: Credentials;
  readonly signal: AbortSignal;
}

/** What a registry is asked about. */
export interface DistributionOptions {
  readonly image: string;
  readonly credentials: Credentials | undefined;
  readonly signal: AbortSignal;
}

/** Every `name` is a reference, an id, or the start of one. @throws NotFound, Conflict, InvalidArgument … */
export interface Images {
  list(options: ListImagesOptions): Promise<ImageSummary[]>;
  inspect(name: string, options?: InspectImageOptions): Promise<ImageInspect>;
  /** Its configuration as it was written, with its digest. @throws NotFound */
  configOf(name: string, platform: WantedPlatform | undefined): Promise<{ digest: Digest; bytes: Buffer }>;
  /** `platform`: the image must be for it. */
  history(name: string, platform?: WantedPlatform): Promise<HistoryItem[]>;
  attestations(name: string, platform?: WantedPlatform): Promise<AttestationStatement[]>;
  tag(name: string, to: TagTarget): Promise<void>;
  /** The id of an image that was committed from a container of `parent` with that configuration. @throws NotFound */
  madeBefore(parent: string, config: StepConfig): Promise<string>;
  remove(name: string, options: RemoveImageOptions): Promise<ImageDeleteItem[]>;
  /** Removes what has no name, or with the filter `dangling=false` all that no container needs. @throws Conflict while another prune is at it */
  prune(filters: Filters, signal: AbortSignal): Promise<ImagesPruned>;
  /** Yields progress in the newest form; a failure after the first message is thrown from the iterator. */
  load(archive: Readable, options: LoadOptions): AsyncIterable<Progress>;
  /**
   * An archive of images: a name without a tag means all tags of the repository. Its end, or destroying it, lets go of
   * the images. @throws NotFound, InvalidArgument before any byte
   */
  save(names: readonly string[], options: SaveOptions): Promise<Readable>;
  /** From an archive, or from where it lies on the web (http and https). */
  importRootfs(from: Readable | URL, options: ImportOptions): AsyncIterable<Progress>;
  /** @throws InvalidArgument before the first message; what the registry makes of it is thrown from the iterator */
  pull(options: PullOptions): AsyncIterable<Progress>;
  push(options: PushOptions): AsyncIterable<Progress>;
  search(options: SearchOptions): Promise<SearchResult[]>;
  /** @throws Unauthorized */
  login(options: LoginOptions): Promise<void>;
  /** The login that stays with the engine; undefined: nobody left one. */
  keptLogin(): Promise<KeptLogin | undefined>;
  /** Takes the place of the one before. */
  keepLogin(login: KeptLogin): Promise<void>;
  /** The kept login's credentials when they are for this image's registry. @throws InvalidArgument */
  keptCredentials(image: string): Promise<Credentials | undefined>;
  /** What a name leads to at its registry. @throws NotFound */
  distribution(options: DistributionOptions): Promise<DistributionInspect>;
}
