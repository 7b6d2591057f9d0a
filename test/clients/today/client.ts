/** A client that people use today, and how it is tried. */
import type { Gantry } from '../../harness/gantry.ts';
import type { Registry } from '../../harness/registry.ts';
import type { Outcome } from '../suite.ts';
import type { Ended } from './root.ts';

/** Where a client is tried. */
export interface Place {
  readonly gantry: Gantry;
  /** Stands in for the public one; it has `library/alpine` and `app`, both busybox. */
  readonly registry: Registry;
  /** A directory of the client's own. */
  readonly work: string;
}

/** One client. */
export interface Client {
  readonly name: string;
  readonly play: (place: Place) => Promise<Outcome[]>;
}

/** The outcome of a step that is one program; `wanted`: what must be in what it printed. */
export function outcomeOf(name: string, { code, output }: Ended, wanted: RegExp = /(?:)/): Outcome {
  if (code === 0 && wanted.test(output)) return { name, is: 'passed' };
  return { name, is: 'failed', why: `exit code ${code}: ${output.slice(-600)}` };
}
