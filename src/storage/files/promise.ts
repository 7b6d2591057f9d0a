/** The storage room's promise to builds: files that are copied and mounted, and layers that are made of copies. */
import type { Readable } from 'node:stream';
import type { Conversation } from '../../base/conversation.ts';
import type { Digest } from '../../formats/digest.ts';
import type { ByteText } from '../../formats/tar/entry.ts';
import type { ChainId } from '../chain-id.ts';
import type { Lease } from '../leases.ts';
import type { FilesSpec } from './open-files.ts';

/** What a build chooses of a source. */
export interface FileSelection {
  /**
   * Paths below the source's root, or patterns for whole paths as Go's `filepath.Match` reads them. A leading slash and
   * `..` do not leave the root.
   */
  readonly sources: readonly ByteText[];
  /** Ignore patterns: what they exclude, by its path below what was chosen, is not copied. */
  readonly exclude?: readonly ByteText[] | undefined;
  /** Owners will be kept, so they count in the digest. */
  readonly owners?: boolean | undefined;
}

/** One thing that was chosen. */
export interface SelectedFile {
  /** Clean, as it was named or matched: a link here stands for what it leads to, but lends its own name. '': the root. */
  readonly path: ByteText;
  readonly is: 'file' | 'directory';
  /**
   * Of what a copy would bring: names below it, kinds, modes, sizes, targets of links, contents and capabilities; not
   * its own name, no times. Equal files give equal digests, whatever source they are in.
   */
  readonly digest: Digest;
}

/** One thing in a source. */
export interface DescribedFile {
  /** Its name; '': the root. */
  readonly path: ByteText;
  /** As Go's `os.FileMode` has it. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Of a link: its target's length. */
  readonly size: number;
  readonly mtimeNanos: bigint;
  /** Of a symbolic link: its target. */
  readonly linkname: ByteText;
}

/** How files are put there. */
export interface MaterialiseOptions {
  /** They are copies on the data root's own file system: whoever asks may move them elsewhere on it. */
  readonly asCopies?: boolean;
}

/** A place of this machine with a source's files. Disposing removes it. */
export interface MaterialisedFiles extends AsyncDisposable {
  /** A directory, or a regular file when that was asked for. It may be changed: nothing else sees that. */
  readonly path: string;
}

/**
 * Files that a build reads: those of a build context, or of layers. Paths are one character a byte, and relative to the
 * root; links in them are followed inside the source alone. Disposing lets go of the files, of `without`'s views too.
 */
export interface FileSource extends AsyncDisposable {
  /** What tree threads are told of it. */
  readonly spec: FilesSpec;
  /**
   * A regular file, whole.
   * @throws NotFound when there is none, InvalidArgument (`file.notRegular`, `file.tooLarge`)
   */
  readFile(path: ByteText, options: { readonly most: number; readonly signal: AbortSignal }): Promise<Buffer>;
  /** What is at `path`, links followed, but one at its end being itself. @throws NotFound */
  statFile(path: ByteText, signal: AbortSignal): Promise<DescribedFile>;
  /** What is in the directory at `path`, links followed; sorted. @throws NotFound, also when it is none */
  listDirectory(path: ByteText, signal: AbortSignal): Promise<readonly DescribedFile[]>;
  /** The same files without those that ignore patterns exclude. A view: it ends with this source. */
  without(patterns: readonly ByteText[]): FileSource;
  /**
   * What each of `sources` means, in their order, the matches of a pattern sorted: none when there is nothing of that
   * name. @throws InvalidArgument for a broken pattern, and `file.notCopyable` for a device, FIFO or socket that is named
   */
  select(wanted: FileSelection, signal: AbortSignal): Promise<readonly (readonly SelectedFile[])[]>;
  /** Puts what is at `path` ('' is the root) where it can be mounted. @throws NotFound, InvalidArgument, Failed */
  materialise(path: ByteText, signal: AbortSignal, how?: MaterialiseOptions): Promise<MaterialisedFiles>;
}

/** What one copy brings. */
export type CopiedFiles =
  | {
      readonly is: 'selected';
      readonly source: FileSource;
      /** As `select` has told it. */
      readonly path: ByteText;
      /** Its name below a destination that is a directory, with slashes where parents are kept; undefined: its last part. */
      readonly name?: ByteText | undefined;
      /** As it was given to `select`. */
      readonly exclude?: readonly ByteText[] | undefined;
      /** A tar archive, plain or compressed, is unpacked at the destination, with the owners that it says. */
      readonly unpack?: boolean | undefined;
    }
  /** A regular file, such as a here-document: its bytes are at hand. */
  | { readonly is: 'bytes'; readonly name: ByteText; readonly bytes: Buffer; readonly mode: number }
  /** A regular file of this machine, such as a download. */
  | {
      readonly is: 'file';
      readonly name: ByteText;
      readonly file: string;
      readonly mode: number;
      readonly mtimeNanos: bigint;
      /** A tar archive is unpacked, as above. */
      readonly unpack?: boolean | undefined;
    };

/** One copy into a layer. */
export interface CopyStep {
  readonly from: CopiedFiles;
  /**
   * Absolute; links in it are followed inside the layers. A file goes into it when it ends in a slash or is a
   * directory, else it becomes it. A directory's entries go into it.
   */
  readonly destination: ByteText;
  /** Whose everything new is; undefined: as the source says, and new parents are root's. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  /** Of every file and directory that is copied; undefined: as the source says. */
  readonly mode?: number | undefined;
  /**
   * As cp(1) copies: a mode stays whole though the owner is another, a directory's copy gets its time, and everything
   * that is made on the way has the owner too. Else: as the first engine does.
   */
  readonly likeCp?: boolean | undefined;
}

/** How a layer is made of copies. */
export interface CopyOptions {
  readonly parent: ChainId | undefined;
  /** Done one after the other, in one layer. */
  readonly steps: readonly CopyStep[];
  /** No time in the layer is later, and what has no time of its own has this one: the layer is the same each time. */
  readonly timesAtMost?: bigint | undefined;
  /** As `CommitOptions` has them. */
  readonly unsettled?: boolean;
  readonly evenIfEmpty?: boolean;
  readonly lease: Lease;
  readonly signal: AbortSignal;
}

/** How a directory becomes an archive. */
export interface PackDirectoryOptions {
  /** Entries of its top that are left out. */
  readonly without?: readonly string[] | undefined;
  /** A directory in the archive that all of it is put in; nothing of `without` is left out then. */
  readonly under?: string | undefined;
  /** The archive has no end: the bytes of another follow it. */
  readonly goesOn?: boolean | undefined;
  readonly signal: AbortSignal;
}

/** How a client's directory is taken in. */
export interface SyncOptions {
  /** Tells directories apart: what was kept for a key is not sent again. Whose it is, its name, what of it is wanted. */
  readonly key: string;
  /** All of it is sent, whatever is here: it is little, and may have changed with neither time nor size. */
  readonly anew?: boolean | undefined;
  /** The file sync protocol, the other side being its sender. It is over when this is. */
  readonly talk: Conversation;
  readonly signal: AbortSignal;
  /** Told now and then, and at the end: bytes of what came so far, and files of which there was something to bring. */
  readonly told?: ((bytes: number, files: number) => void) | undefined;
}

/** How files are sent into a directory of a client. */
export interface SendOptions {
  /** The file sync protocol, the other side being its receiver. It is over when this is. */
  readonly talk: Conversation;
  /** A directory there that all of it is put in. */
  readonly prefix?: ByteText | undefined;
  /** Everything's time; undefined: each keeps its own. */
  readonly mtimeNanos?: bigint | undefined;
  readonly signal: AbortSignal;
  /** Told now and then, and at the end: bytes that went so far, and files that were asked for. */
  readonly told?: ((bytes: number, files: number) => void) | undefined;
}

/** What is kept of a client's directory, for the next time that it is taken in. */
export interface SyncedDirectory {
  readonly key: string;
  /** On the disk. */
  readonly bytes: number;
  readonly createdAt: Date;
  readonly usedAt: Date;
  /** How often it was taken in. */
  readonly uses: number;
  /** By a source, or because it is being taken in. */
  readonly isUsed: boolean;
}

/** Where builds get files from. */
export interface FileSources {
  /**
   * Takes in a build context: a tar archive, plain or compressed by gzip, bzip2, xz or zstd. Nothing in it becomes a
   * file of that name on this machine. @throws InvalidArgument when it is broken, or beyond a limit
   */
  openContext(archive: Readable, options: { readonly signal: AbortSignal }): Promise<FileSource>;
  /**
   * Takes in a client's directory. It sends what has changed since the last time.
   * @throws InvalidArgument (`sync.refused`) when what it says breaks the protocol, or is beyond a limit
   */
  syncContext(options: SyncOptions): Promise<FileSource>;
  /** Sends a client what the layers up to `chainId` show; undefined: nothing. @throws NotFound, InvalidArgument (`sync.refused`) */
  sendFiles(chainId: ChainId | undefined, options: SendOptions): Promise<void>;
  /** What is kept of clients' directories. */
  synced(): readonly SyncedDirectory[];
  /** Keeps these no longer, but for those that are in use. */
  forgetSynced(keys: readonly string[]): Promise<void>;
  /** What the layers up to `chainId` show, held until it is disposed of; undefined: nothing. @throws NotFound */
  openLayers(chainId: ChainId | undefined): FileSource;
  /** A tar archive of what is below a directory of this machine. */
  packDirectory(path: string, options: PackDirectoryOptions): Readable;
}
