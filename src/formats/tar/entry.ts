/** What one member of a tar archive is, whatever dialect it was written in. */

/**
 * Text as the archive has it: one character a byte (latin1). File names are bytes, not UTF-8; in this form they can be
 * split, compared and kept in maps without losing any.
 */
export type ByteText = string;

/** What a member is. */
export type EntryType = 'file' | 'hardlink' | 'symlink' | 'char' | 'block' | 'directory' | 'fifo';

/** A run of stored bytes at its place in the expanded file; between the runs there are holes. */
export interface SparseRun {
  readonly offset: number;
  readonly bytes: number;
}

/** One member's header. */
export interface TarEntry {
  readonly type: EntryType;
  readonly path: ByteText;
  /** Target of a symbolic link (anything) or of a hard link (a path in the archive). Empty otherwise. */
  readonly linkPath: ByteText;
  /** Permission, set-id and sticky bits alone. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly userName: ByteText;
  readonly groupName: ByteText;
  readonly mtimeNanos: bigint;
  readonly atimeNanos: bigint | undefined;
  /** Of the file as it is to become, holes counted. 0 for everything but files. */
  readonly size: number;
  readonly major: number;
  readonly minor: number;
  /** Values are bytes: `security.capability` is binary. */
  readonly xattrs: ReadonlyMap<ByteText, Buffer>;
}

/** The archive breaks the format or a limit; the text says how and where. */
export class TarError extends Error {
  override readonly name = 'TarError';
}

export const TAR_BLOCK = 512;

/** Limits that an honest archive does not reach; a hostile one gets no further. */
export const TAR_LIMITS = {
  /** Bytes of one pax header or GNU long name. A full set of extended attributes fits (64 KiB a value). */
  headerBytes: 1 << 20,
  /** Linux's PATH_MAX, with the ending NUL. */
  pathBytes: 4095,
  /** Linux's NAME_MAX. */
  nameBytes: 255,
  /** Runs of one sparse file. */
  sparseRuns: 1 << 18,
  /** Members of one archive: beyond, a file system of usual size has no inodes left. */
  entries: 20_000_000,
} as const;
