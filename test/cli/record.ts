/** What was played: each line of a scene that ended as it should, for who asks what the scenes cover. */
import { appendFileSync } from 'node:fs';

/** One run of a command line. */
export interface Line {
  readonly argv: readonly string[];
  /** It ended with a code that is not 0. Those that a scene talks with are no failures. */
  readonly failed: boolean;
}

/** One scene with one command line. */
export interface Played {
  readonly title: string;
  /** `docker 28.2`. */
  readonly cli: string;
  /** `dockerd 26.1`, or why there was none. */
  readonly beside: string | { readonly alone: string };
  readonly lines: readonly Line[];
  /** Flags and commands that are different on purpose, and why. */
  readonly different: readonly { readonly about: readonly string[]; readonly why: string }[];
}

/** Whether this run keeps a record: then each scene is played once, with one command line. */
export const RECORDING = process.env.GANTRY_CLI_RECORD;

/** One line of JSON a scene, so that files of scenes can write behind each other. */
export function record(played: Played): void {
  if (RECORDING !== undefined) appendFileSync(RECORDING, `${JSON.stringify(played)}\n`);
}
