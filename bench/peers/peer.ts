/** What takes part in the comparison: engines with an API, and the bare runtime. */
import type { Api } from '../api.ts';
import type { Restarted } from './restart.ts';

interface Named {
  readonly name: string;
  readonly version: string;
  /** Ends everything it started and removes everything it made. */
  close(): Promise<void>;
}

/** A daemon that is measured over its API. */
export interface EnginePeer extends Named {
  readonly is: 'engine';
  readonly api: Api;
  /** `unix://…`, for command lines. */
  readonly host: string;
  /** The test image as this engine calls it. */
  readonly image: string;
  /** The engine's own processes, helpers included, without what runs inside containers. */
  processes(): number[];
  /** Kills the daemon with SIGKILL and starts it again. Not in a network of its own. */
  restart(): Promise<Restarted>;
  /** Resolves when the daemon that came back has adopted all that it found. */
  recovered(): Promise<void>;
}

/** A runtime that is measured as a program. */
export interface RuntimePeer extends Named {
  readonly is: 'runtime';
  /** Runs a container to its end. Milliseconds from the start of the program. @throws when the exit code is another */
  run(args: readonly string[], code: number): Promise<number>;
  /** Starts a container that stays; the returned function ends it. */
  hold(id: string, args: readonly string[]): Promise<() => Promise<void>>;
  /** Runs a program in a held container. Milliseconds. @throws when exit code or output is another */
  exec(id: string, args: readonly string[], code: number, output: string): Promise<number>;
}

/** Whatever is measured. */
export type Peer = EnginePeer | RuntimePeer;

/** A peer that cannot take part, and why. */
export class NotHere extends Error {}
