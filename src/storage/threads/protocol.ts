/** What the main thread and the tree threads say to each other. */
import type { MessagePort } from 'node:worker_threads';
import type { IdMap } from '../../base/id-map.ts';
import type { Standing } from '../../base/lent-body.ts';
import type { Whiteouts } from '../diff/lower-tree.ts';
import type { FoundPath } from '../lookup/find.ts';
import { PIECE_BYTES, PIECES_MAX } from '../pack/piece-memory.ts';
import type { CompressedLayer, PathChange } from '../storage.ts';
import type { Unpacked, UnpackOptions } from '../unpack/layer.ts';
import type { DemuxedMember } from '../unpack/members.ts';
import type { Guest } from '../unpack/tree-writer.ts';
import type { FileResults, FileTask } from './file-protocol.ts';
import type { Source } from './source.ts';

/** What a tree thread can be asked to do. */
export type Task =
  | ({ readonly is: 'unpack'; readonly source: Source } & UnpackOptions)
  /** `layers`: directories with plain whiteouts, bottom first; `into`: an existing, empty directory. */
  | { readonly is: 'flatten'; readonly layers: readonly string[]; readonly into: string }
  /** Copies the directory `path` of the tree at `root`, links resolved inside it, into the directory `into`. */
  | {
      readonly is: 'copy';
      readonly root: string;
      readonly path: string;
      readonly into: string;
      /** Ids of who is inside `root`, where they are not the host's: the copy has these. */
      readonly map?: IdMap | undefined;
    }
  | { readonly is: 'demux'; readonly source: Source; readonly into: string }
  /** `root`, here and below: the descriptor of a container's root directory; it outlives the task. */
  | { readonly is: 'find'; readonly root: number; readonly path: string; readonly follow: boolean }
  /** The directory that `path` means, links followed, as a path inside (clean, one character a byte). */
  | { readonly is: 'findDirectory'; readonly root: number; readonly path: string }
  /** Without `what`: everything below the root. */
  | {
      readonly is: 'pack';
      readonly root: number;
      readonly what: Pick<FoundPath, 'path' | 'archived'> | undefined;
      /** Names in the root that are left out; only of everything. */
      readonly without?: readonly string[];
      /** Times without their parts of a second: what clients get. Simple readers of tar know no more. */
      readonly inSeconds?: boolean;
      /** Another archive follows this one, which has no end. */
      readonly goesOn?: boolean;
      /** Ids of who is inside, where they are not the host's: owners are told by it. */
      readonly map?: IdMap | undefined;
      readonly sink: MessagePort;
    }
  | {
      readonly is: 'put';
      readonly source: Source;
      readonly guest: Guest;
      /** A file that may be made, and is the caller's to remove: some decompressors want a file. */
      readonly spool: string;
    }
  | { readonly is: 'changes'; readonly sides: DiffSides }
  /** Sends the layer's archive. */
  | {
      readonly is: 'packDiff';
      readonly sides: DiffSides;
      /** No time in it is later; undefined: all are as they are. */
      readonly timesAtMost: bigint | undefined;
      readonly sink: MessagePort;
    }
  /** Sends the plain archive that is kept at `path`, compressed by gzip. */
  | { readonly is: 'compress'; readonly path: string; readonly sink: MessagePort }
  | { readonly is: 'remove'; readonly path: string }
  /** `links`: paths below where a link does not count, because it is the engine's. */
  | { readonly is: 'measure'; readonly path: string; readonly links?: readonly string[] }
  | { readonly is: 'sync'; readonly path: string }
  | FileTask;

/** A container's own directory, and the layers below it, topmost first. */
export interface DiffSides {
  readonly upper: string;
  readonly holds: 'changes' | 'whole';
  readonly lowers: readonly string[];
  /** How the layers below say that something is gone. */
  readonly whiteouts: Whiteouts;
  /** Absolute paths in the container at which something was mounted, besides what every container has. */
  readonly mounted?: readonly string[];
}

/** What each task gives. */
export interface Results extends FileResults {
  readonly unpack: Unpacked;
  readonly demux: readonly DemuxedMember[];
  readonly flatten: undefined;
  /** Undefined: there is no such directory. */
  readonly copy: 'copied' | undefined;
  readonly find: FoundPath;
  readonly findDirectory: string;
  readonly pack: undefined;
  readonly put: undefined;
  readonly changes: readonly PathChange[];
  /** How many differences are in it. */
  readonly packDiff: number;
  /** Undefined: its reader left. */
  readonly compress: CompressedLayer | undefined;
  readonly remove: undefined;
  readonly measure: number;
  readonly sync: undefined;
}

/** From the main thread to a tree thread. */
export type ToTree =
  | { readonly is: 'run'; readonly id: number; readonly task: Task }
  | { readonly is: 'cancel'; readonly id: number };

/** From a tree thread to the main thread. `blame`: the archive's fault or that of what was asked, or the system's (with its errno name). */
export type FromTree =
  | { readonly is: 'done'; readonly id: number; readonly result: Results[keyof Results] }
  | {
      readonly is: 'failed';
      readonly id: number;
      readonly message: string;
      readonly blame: 'archive' | 'system';
      readonly code: string | undefined;
    };

/** Through a source's port. The reader grants bytes; the writer sends no more than were granted. */
export type ToPort =
  | { readonly is: 'bytes'; readonly bytes: Uint8Array }
  /** So many zeros, which stand for no data: a hole of a file. */
  | { readonly is: 'hole'; readonly bytes: number }
  | { readonly is: 'end' }
  | { readonly is: 'error'; readonly message: string };
/** From whoever reads a connection: nothing is known of it between these two. */
export type FromReader = { readonly is: 'begun' } | { readonly is: 'standing'; readonly standing: Standing };
/** Through a port, from whoever reads it. */
export interface FromPort {
  readonly granted: number;
  /** A piece's memory, to be filled again. */
  readonly spare?: ArrayBuffer;
}

/** Bytes on their way through a port to a thread that unpacks them: enough to keep both threads busy. */
export const PORT_WINDOW = 4 << 20;
/** Bytes on their way to a client. It may stop reading: then they wait there for as long as it likes. */
export const CLIENT_WINDOW = PIECES_MAX * PIECE_BYTES;
