/** What a build in BuildKit's manner tells while it goes on: pieces of work (vertices), how far they are, what they say. */
import type { Nanos } from '../base/time.ts';

/** A place in a file of the build: lines from 1, columns from 0, the end included. */
export interface SourceRange {
  readonly startLine: number;
  readonly startColumn?: number;
  readonly endLine: number;
  readonly endColumn?: number;
}

/** The file that places are in. */
export interface SourceFile {
  readonly filename: string;
  readonly bytes: Buffer;
  /** As frontends call it: `Dockerfile`. */
  readonly language: string;
}

/** A piece of work. It is told again whenever something of it changes: the newest counts, whole. */
export interface VertexEvent {
  readonly is: 'vertex';
  /** `sha256:…`: the same for the same work, so that builds that share it are told apart by nothing else. */
  readonly digest: string;
  readonly inputs: readonly string[];
  /** As it is drawn: `[build 2/3] RUN make`. */
  readonly name: string;
  readonly cached?: boolean;
  readonly started?: Nanos | undefined;
  readonly completed?: Nanos | undefined;
  /** Why it failed; a vertex that was cancelled says so. */
  readonly error?: string | undefined;
}

/** How far a part of a vertex is. Told again when that changes. */
export interface StatusEvent {
  readonly is: 'status';
  readonly vertex: string;
  readonly id: string;
  readonly name?: string;
  /** Of `total`, which 0 leaves open: bytes, in most cases. */
  readonly current: number;
  readonly total: number;
  readonly at: Nanos;
  readonly started?: Nanos | undefined;
  readonly completed?: Nanos | undefined;
}

/** What a vertex wrote. */
export interface LogEvent {
  readonly is: 'log';
  readonly vertex: string;
  readonly stream: 1 | 2;
  readonly bytes: Buffer;
  readonly at: Nanos;
}

/** Something that is wrong, though the build goes on. */
export interface WarningEvent {
  readonly is: 'warning';
  readonly vertex: string;
  readonly level: number;
  readonly short: string;
  readonly detail: readonly string[];
  readonly url?: string | undefined;
  readonly source?: { readonly file: SourceFile; readonly ranges: readonly SourceRange[] } | undefined;
}

/** One thing that a build tells. */
export type BuildEvent = VertexEvent | StatusEvent | LogEvent | WarningEvent;
