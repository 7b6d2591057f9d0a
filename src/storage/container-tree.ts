/** What the storage room promises of a container's files. */
import type { Readable } from 'node:stream';

/** What is mounted over a container's root. */
export interface TreeMount {
  /** A path of the host, or a mount of its own (`cloneMount`), which stays with its owner. */
  readonly source: string | number;
  readonly destination: string;
  readonly readOnly: boolean;
  /** With what is mounted below the source. */
  readonly recursive: boolean;
}

/** Something in a container, as it is itself: a link is told, not followed. */
export interface PathStat {
  /** The last part of the path as it was asked for. */
  readonly name: string;
  readonly size: number;
  /** As stat(2) has it. */
  readonly mode: number;
  readonly mtimeNanos: bigint;
  /** Of a link: the path inside that it leads to, as far as there is one. */
  readonly linkTarget: string;
}

/** How an archive is put into a container. */
export interface PutOptions {
  /** Everything belongs to this user, whatever the archive says. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  /** A directory is not replaced by something else, nor the reverse. */
  readonly keepKinds: boolean;
  /** Asked when the place is found, before anything is written. `path`: links resolved. @throws to refuse */
  readonly check: (path: string) => void;
  /** Further places, as paths inside, that something is mounted at: never replaced. */
  readonly busy: readonly string[];
  readonly signal: AbortSignal;
}

/**
 * The files of a container, running or not, with what is mounted over them. Paths are the container's: links and `..`
 * stay inside. Disposing lets go of it; what is still being read breaks off.
 */
export interface ContainerTree extends AsyncDisposable {
  /** A path of this process to the root directory, for whoever looks something up inside it. */
  readonly rootPath: string;
  /** @throws NotFound, Failed */
  stat(path: string): Promise<PathStat>;
  /**
   * A tar archive of what is at `path`; names in it begin with the path's last part. `follow`: a link at the end is
   * followed, and names begin with the last part of what it leads to. Disposes of the tree when it ends.
   * @throws NotFound, Failed
   */
  get(
    path: string,
    options: { follow: boolean; signal: AbortSignal },
  ): Promise<{ stat: PathStat; archive: Readable }>;
  /** A tar archive of everything, names relative to the root. Disposes of the tree when it ends. */
  getAll(signal: AbortSignal): Readable;
  /** Unpacks a tar archive, plain or compressed, in the directory `path`. @throws NotFound, InvalidArgument, Failed */
  put(path: string, archive: Readable, options: PutOptions): Promise<void>;
}
