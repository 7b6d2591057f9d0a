/** What the stages of one build share. */
import type { Log } from '../../../base/log.ts';
import type { Slots } from '../../../base/slots.ts';
import type { Nanos } from '../../../base/time.ts';
import type { ExpansionBudget } from '../../../formats/dockerfile/expansion.ts';
import type { ContainerConfig } from '../../../model/config.ts';
import type { FileSource, Lease, Storage } from '../../../storage/index.ts';
import type { ImageSteps, StepImage } from '../../images/steps.ts';
import type { StepCache } from '../cache/cache.ts';
import type { HeldImages } from '../cache/held.ts';
import type { CacheMounts } from '../cache/mounts.ts';
import type { Say } from '../output.ts';
import type { BuildArguments } from '../plan/arguments.ts';
import type { BuildPlan } from '../plan/stages.ts';
import type { BuildOptions } from '../promise.ts';
import type { PullBase } from '../pull.ts';
import type { RemoteDeps } from '../remote/open.ts';
import type { RunDeps } from './container.ts';

/** What performing needs. */
export interface PerformDeps extends RunDeps, RemoteDeps {
  readonly storage: Pick<Storage, 'files' | 'layers' | 'scratch'>;
  readonly images: ImageSteps;
  readonly cache: StepCache;
  readonly cacheMounts: CacheMounts;
  /** So many commands run at a time, of all builds. */
  readonly running: Slots;
  readonly held: HeldImages;
  /** Brings an image here. */
  readonly pull: PullBase;
  readonly now: () => Nanos;
  readonly log: Log;
}

/** A stage that is done. */
export interface StageResult {
  readonly image: StepImage;
  /** The image that its first instruction stood on: for a stage on another one, that one's. */
  readonly base: StepImage;
  readonly config: ContainerConfig;
}

/** One build while it goes on. */
export interface Building {
  readonly deps: PerformDeps;
  readonly options: BuildOptions;
  readonly context: FileSource;
  readonly plan: BuildPlan;
  readonly file: string;
  /** How many ARG stand before the first FROM. */
  readonly metaCount: number;
  /** How many steps there are: those, the stages' and one for each label of the request. */
  readonly total: number;
  readonly escape: '\\' | '`';
  readonly args: BuildArguments;
  readonly budget: ExpansionBudget;
  /** Images whose steps count as done; undefined: the client named none. */
  readonly cacheSources: readonly StepImage[] | undefined;
  readonly lease: Lease;
  /** Ends with the build. */
  readonly scope: AsyncDisposableStack;
  readonly signal: AbortSignal;
  /** No time in a layer is later, and images say that they were made then; undefined: as it is. */
  readonly timesAtMost: bigint | undefined;
  /** What goes on when its step is over: the build's end waits for it. */
  readonly tidying: Set<Promise<void>>;
  /** Arguments that any stage declared. */
  readonly declared: Set<string>;
  /** The stage, done once; `say` is for one that nobody has foreseen. */
  readonly stage: (index: number, say: Say) => Promise<StageResult>;
}
