/** What a case of the corpus is: a Dockerfile with what it is built from, and what two engines make of it. */
import type { MadeImage, Member } from '../harness/layered.ts';

/** One build. */
export interface BuildCase {
  /** Says the behaviour; unlike any other. */
  readonly name: string;
  /** Text is UTF-8. */
  readonly dockerfile: string | Buffer;
  /** Paths and targets of links are bytes (`bytesOf`). What has no time has one of 2008. */
  readonly context?: readonly Member[];
  /** Images that are built before, by their names: no other case may use them. */
  readonly bases?: Readonly<Record<string, string>>;
  /** An image that is loaded before. */
  readonly loads?: MadeImage;
  readonly query?: Readonly<Record<string, string>>;
  /**
   * dockerd gets the context from the command line, out of a directory: what the case ignores, the client leaves out.
   * Gantry is sent everything.
   */
  readonly byClient?: boolean;
  /** Unsaid: both make the same. */
  readonly expect?: Expectation;
}

/** What else may come of it. */
export type Expectation =
  /** Both refuse it in the same words. */
  | 'refused'
  /** Both refuse it, each in words of its own; the status is the same. */
  | { readonly refused: readonly [theirs: string | RegExp, ours: string] }
  /** dockerd's lines (`- `) which Gantry's image does not have, and Gantry's (`+ `), in their order. */
  | { readonly differs: readonly string[]; readonly why: string }
  /** dockerd refuses it, or makes something else; Gantry's image has these lines. */
  | { readonly alone: readonly (string | RegExp)[]; readonly why: string }
  /** Gantry's words; dockerd's are others, or it builds the image. */
  | { readonly refusedAlone: RegExp; readonly why: string };

/** The value of a parameter that is a map. */
export const map = (members: Readonly<Record<string, string | null>>): string => JSON.stringify(members);
