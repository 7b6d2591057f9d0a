/** What a source's files are to the code that reads them, wherever they lie: a tree of nodes, entered at its root. */
import type { ByteText, EntryType, TarEntry } from '../../formats/tar/entry.ts';
import type { Content } from './content.ts';
import type { Place } from './resolve.ts';

/** One thing in a source. */
export interface FileNode extends Place<FileNode> {
  readonly type: Exclude<EntryType, 'hardlink'> | 'socket';
  /** The same for all names of one file; undefined: it has no other name. */
  readonly identity: string | undefined;
  /** As a member of an archive, called `path`. */
  describe(path: ByteText): TarEntry;
  /** What is in a directory, sorted. */
  names(): ByteText[];
  /** A regular file's bytes. Close it. @throws SystemError */
  open(): Content;
  /** The SHA-256 of a regular file's bytes. */
  hash(cancelled: AbortSignal): Promise<Buffer>;
}

/** The one extended attribute that copies keep, as the first engine's do. */
export const CAPABILITIES = 'security.capability';

/** Names in the order of their bytes. */
export const byBytes = (a: ByteText, b: ByteText): number => (a < b ? -1 : a > b ? 1 : 0);
