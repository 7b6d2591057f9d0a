/** What the shipper gives entries to. */
import type { Entry } from './entries.ts';
import type { FileState } from './state.ts';

/** What a target needs of its shipper. */
export interface SinkDeps {
  /** What was on record of the file when the shipper began. */
  readonly state: FileState | undefined;
  /** Puts this on record, with the position as it was last saved. */
  readonly save: (file: FileState) => void;
  /** Tells of what went wrong without stopping anything. */
  readonly warn: (message: string) => void;
}

/** A target of entries: it opens, takes them in order, and can be asked again after it failed. */
export interface Sink {
  /** Bytes of the log that are shipped between two savings of the position. */
  readonly batchBytes: number;
  /** Bytes of the log that are given at once: what is made of them must not hold much memory. */
  readonly pieceBytes: number;
  /** Can be asked again after it failed. @throws when there is nobody to give to */
  open(): Promise<void>;
  /** @throws then what was given since the last `saved` comes again, after `resume` */
  give(entries: readonly Entry[]): Promise<void>;
  /** Where it stands, to be saved together with the position. */
  readonly file: FileState | undefined;
  /** The position and `file` are on disk. */
  saved(): void;
  /** All since the last `saved` will be given again. */
  resume(): void;
  /** Resolves when what was given is out of our hands. */
  settle(): Promise<void>;
  /** At once, also while `give` or `settle` waits: these then fail, or end. */
  close(): Promise<void>;
}
