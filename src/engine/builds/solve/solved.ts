/** What a build in BuildKit's manner made, before anybody exports it: images that are on no record yet, and what holds them. */
import type { Dockerfile } from '../../../formats/dockerfile/instruction.ts';
import type { SourceFile } from '../../../model/build-event.ts';
import type { ChainId, Lease } from '../../../storage/index.ts';
import type { NewImage } from '../../images/steps.ts';
import type { Solved, SolvedPlatform } from './promise.ts';

/** The Dockerfile that was read. */
export interface Definition {
  /** As it came: places of failures and answers are in it. */
  readonly file: SourceFile;
  readonly parsed: Dockerfile;
}

/** A step that led to a result, found or done: what a cache export tells others. */
export interface SolvedStep {
  /** By it the cache knows the step. It is of contents, not of this machine: another one finds the same. */
  readonly key: string;
  /** The layers after it. */
  readonly chainId: ChainId | undefined;
  readonly description: string;
}

/** What was made for one platform. */
export interface SolvedImage extends SolvedPlatform {
  /** Its document with its bytes; its layers are on record and leased, itself it is not. */
  readonly image: NewImage;
  /** In the order in which they stand on each other: the target's own stage and those below. */
  readonly steps: readonly SolvedStep[];
  /** Those of other stages, where somebody wants to know them. */
  readonly others?: readonly SolvedStep[];
}

/** All that was made: its layers are held until it is disposed of. */
export interface SolvedBuild extends Solved {
  readonly results: readonly SolvedImage[];
}

/** Steps that were done elsewhere, as `--cache-from` brings them. */
export interface ImportedSteps {
  /** Of those who lend them: what they lent is found again by who names the same, and by nobody else. */
  readonly lenders: string;
  /**
   * The layers after the step of that key, brought here and held by `lease`: `undefined` in it says that there are none.
   * Nothing: nobody has done it.
   */
  find(
    key: string,
    lease: Lease,
    signal: AbortSignal,
  ): Promise<{ readonly chainId: ChainId | undefined } | undefined>;
}
