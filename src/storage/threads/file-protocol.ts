/** What tree threads can be asked to do with the files that builds read. */
import type { MessagePort } from 'node:worker_threads';
import type { ByteText } from '../../formats/tar/entry.ts';
import type { SharedIndex } from '../files/context-index.ts';
import type { LayerOfCopies } from '../files/copy-steps.ts';
import type { FilesSpec } from '../files/open-files.ts';
import type { DescribedFile, FileSelection, SelectedFile } from '../files/promise.ts';
import type { FoundFile, NotRead } from '../files/read-file.ts';
import type { Received, Receiving } from '../sync/receive.ts';
import type { SentChanges } from '../sync/send.ts';
import type { Source } from './source.ts';

/** One piece of work. `spool`: a file that may be made, and is the caller's to remove. */
export type FileTask =
  /** `data`: a new file for the contents. */
  | {
      readonly is: 'takeContext';
      readonly source: Source;
      readonly data: string;
      readonly spool: string;
    }
  /** Brings a client's directory here: what it says comes through `talk`. */
  | { readonly is: 'receiveFiles'; readonly receiving: Receiving; readonly talk: MessagePort }
  /** Sends all files to whoever speaks through `talk`. */
  | {
      readonly is: 'sendFiles';
      readonly files: FilesSpec;
      readonly changes: SentChanges;
      readonly talk: MessagePort;
    }
  | { readonly is: 'readFile'; readonly files: FilesSpec; readonly path: ByteText; readonly most: number }
  | { readonly is: 'statFile'; readonly files: FilesSpec; readonly path: ByteText }
  | { readonly is: 'listDirectory'; readonly files: FilesSpec; readonly path: ByteText }
  | { readonly is: 'select'; readonly files: FilesSpec; readonly wanted: FileSelection }
  | { readonly is: 'findFile'; readonly files: FilesSpec; readonly path: ByteText }
  /** `into`: an empty directory. */
  | { readonly is: 'materialise'; readonly files: FilesSpec; readonly path: ByteText; readonly into: string }
  /** Sends the layer's archive. */
  | {
      readonly is: 'copyFiles';
      readonly copies: LayerOfCopies;
      readonly spool: string;
      readonly sink: MessagePort;
    };

/** What each task gives. */
export interface FileResults {
  readonly takeContext: SharedIndex;
  readonly receiveFiles: Received;
  readonly sendFiles: undefined;
  readonly readFile: Uint8Array | NotRead;
  readonly statFile: DescribedFile;
  readonly listDirectory: readonly DescribedFile[];
  readonly select: readonly (readonly SelectedFile[])[];
  readonly findFile: FoundFile;
  readonly materialise: undefined;
  /** How many members are in it. */
  readonly copyFiles: number;
}
