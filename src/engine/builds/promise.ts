/** What the engine promises of builds: an image from a Dockerfile and a build context, and the cache that builds share. */
import type { Readable } from 'node:stream';
import type { Credentials } from '../../formats/credentials.ts';
import type { BuildCacheUsage } from '../../model/disk-usage.ts';
import type { Filters } from '../../model/filters.ts';
import type { Progress } from '../../model/progress.ts';
import type { BuildCachePruned } from '../../model/prune.ts';
import type { BuildHistory } from './history/promise.ts';
import type { BuildHostConfig } from './host-config.ts';
import type { Solves } from './solve/promise.ts';

/** Where the files of a build come from. */
export type BuildSource =
  /** A tar archive, plain or compressed by gzip, bzip2, xz or zstd. */
  | {
      readonly is: 'archive';
      readonly bytes: Readable;
      /** What takes the place of the archive's own Dockerfile; asked for when `bytes` have ended. */
      readonly dockerfile?: () => Buffer | undefined;
    }
  /** The address of an archive, of a single Dockerfile, or of a git repository, as a client wrote it. */
  | { readonly is: 'remote'; readonly address: string };

/** What is built, and how. */
export interface BuildOptions {
  readonly source: BuildSource;
  /** Its path in the context; undefined: `Dockerfile`, or `dockerfile` where that is missing. */
  readonly dockerfile: string | undefined;
  /** Names for the image, as clients write them: `name[:tag]`. */
  readonly tags: readonly string[];
  /** All, what commands write left out, or the image's id alone. */
  readonly tells: 'all' | 'withoutOutput' | 'idAlone';
  readonly noCache: boolean;
  /** Bases are asked for at their registries even if they are here. */
  readonly pull: boolean;
  /** Containers of steps go when the step has succeeded. */
  readonly remove: boolean;
  /** They go also when it failed. */
  readonly forceRemove: boolean;
  /** The new layers become one. */
  readonly squash: boolean;
  /** Null: the value that the daemon's own environment would give, which is none. */
  readonly buildArgs: ReadonlyMap<string, string | null>;
  readonly labels: Readonly<Record<string, string>>;
  /** Images whose steps count as done. */
  readonly cacheFrom: readonly string[];
  /** The stage to build, by name or number; undefined: the last. */
  readonly target: string | undefined;
  /** `os[/architecture[/variant]]`; undefined: this machine's. */
  readonly platform: string | undefined;
  readonly hostConfig: BuildHostConfig;
  /** By what the client calls the registry, a host or an address; one under '' is for whatever has none of its own. */
  readonly credentials: ReadonlyMap<string, Credentials>;
  /** What `cancel` calls it. */
  readonly id: string | undefined;
  readonly signal: AbortSignal;
}

/** How much of the cache is removed. */
export interface BuildPruneOptions {
  readonly filters: Filters;
  /** What any of these expressions fits, in containerd's syntax; none: all. */
  readonly matching?: readonly string[];
  /** What was used since stays. */
  readonly unusedForMs?: number;
  /** Also what images still need. */
  readonly all: boolean;
  /** Bytes that may stay; undefined: none. */
  readonly keepBytes: number | undefined;
  /** Nothing goes while it takes no more than this; undefined: what may go goes. */
  readonly maxUsedBytes: number | undefined;
  /** Nothing goes while the disk has so much room; undefined: what may go goes. */
  readonly minFreeBytes: number | undefined;
  readonly signal: AbortSignal;
}

/** Builds, and what they leave for later ones. */
export interface Builds {
  /**
   * Yields progress in the newest form, the image's id in `aux`. What is wrong with the request, its Dockerfile or its
   * context's form is thrown from the first step of the iteration; what fails later from the iterator too.
   */
  build(options: BuildOptions): AsyncIterable<Progress>;
  /** Ends the build of that id; none: nothing to do. */
  cancel(id: string): void;
  prune(options: BuildPruneOptions): Promise<BuildCachePruned>;
  /** `matching`: of what any of these expressions fits, in containerd's syntax; none: of all. @throws InvalidArgument */
  usage(matching?: readonly string[]): Promise<BuildCacheUsage>;
  /** Builds in BuildKit's manner. */
  readonly solves: Solves;
  /** Those of them that go on, and the last ones that were. */
  readonly history: BuildHistory;
}
