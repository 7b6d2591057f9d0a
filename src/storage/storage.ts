/** The storage room's promises. Everything here survives a crash at any line. */
import type { Readable } from 'node:stream';
import type { IdMap } from '../base/id-map.ts';
import type { Pieces } from '../base/pieces.ts';
import type { RecordKind } from '../base/stored.ts';
import type { Digest } from '../formats/digest.ts';
import type { MappedIds } from '../linux/index.ts';
import type { ChainId } from './chain-id.ts';
import type { ContainerTree, TreeMount } from './container-tree.ts';
import type { CopyOptions, FileSources } from './files/promise.ts';
import type { Lease } from './leases.ts';

export type { ChainId } from './chain-id.ts';
export type * from './container-tree.ts';
export type * from './files/promise.ts';
export type { Lease } from './leases.ts';
export type { Digest };

/** One change of the records; `value`, in its stored form, undefined deletes the row. Made by `rowPut` and `rowGone`. */
export interface Change {
  readonly table: string;
  readonly key: string;
  readonly value: unknown;
}

/** A row that cannot be read: kept as it is, with the reason, until a release can read it or a person gives it up. */
export interface SetAsideRow {
  /** The row's JSON, torn or of an unknown layout. */
  readonly text: string;
  readonly damage: string;
}

/** The rows of one kind, and what is known of those that cannot be read. */
export interface ReadRows<T> {
  /** By key. */
  readonly rows: Map<string, T>;
  /** By key, also those set aside at earlier starts. What they stand for may well be there: it is not to be swept away. */
  readonly setAside: ReadonlyMap<string, SetAsideRow>;
  /** A damaged file took rows along that nobody can name: anything found without a row may belong to one of those. */
  readonly rowsWereLost: boolean;
}

/** Small durable facts, by table and key: SQLite behind one writer thread. */
export interface Records {
  /**
   * Reads the rows of a kind. Those of an older layout are migrated and, when it resolves, written back, all at once.
   * Those that cannot be read are set aside and logged, never a failure; those set aside before are tried again.
   */
  read<T>(kind: RecordKind<T>): Promise<ReadRows<T>>;
  /** All of the changes or none, on the disk when it resolves. Concurrent calls share one commit. */
  write(changes: readonly Change[]): Promise<void>;
  close(): Promise<void>;
}

/** Blobs by digest, in an OCI image layout. */
export interface Content {
  has(digest: Digest): boolean;
  pathOf(digest: Digest): string;
  sizeOf(digest: Digest): number;
  /** Small blobs, durable when it resolves: many cost as much as one. @throws InvalidArgument when one is not its digest's */
  put(blobs: readonly { readonly digest: Digest; readonly bytes: Buffer }[]): Promise<void>;
  /** One of any size, as it comes, durable when it resolves. @throws InvalidArgument when it is not its digest's */
  ingest(bytes: Readable, expected: Digest, signal: AbortSignal): Promise<void>;
  /** Gives a whole, synced staging file the name of `digest`, computed by the caller. `unsettled`: durable after a sync alone. */
  adopt(staged: string, digest: Digest, options?: { readonly unsettled: boolean }): Promise<void>;
  /** A small blob, whole; its digest is checked again. */
  read(digest: Digest): Promise<Buffer>;
  /** Gone when it returns, so that a check and the removal are one step; a crash may bring it back. */
  remove(digest: Digest): void;
  /** Every blob, in no order. */
  all(): Promise<Digest[]>;
}

/** A blob on its way here, as far as it has come. Dispose of it: what is there stays. */
export interface UnfinishedBlob extends AsyncDisposable {
  /** How many are there, all of them hashed. */
  readonly bytes: number;
  append(chunk: Buffer): Promise<void>;
  /** Away with what is there. */
  restart(): Promise<void>;
  /** Of what is there. */
  digest(): Digest;
  /** It is whole: in the content store, durably, when this resolves. The caller has looked at {@link digest}. */
  finish(): Promise<void>;
}

/** Blobs that were begun to be brought and that no operation has said to need no more; a killed daemon leaves some. */
export interface Unfinished {
  /** Goes on with what is there of `digest`, hashing it again; what has more than `most` bytes is begun anew. One at a time. */
  open(digest: Digest, options: { most: number; signal: AbortSignal }): Promise<UnfinishedBlob>;
  /** `bytes`: what would be free without it; none when the content store has it too. `idleMs`: since it last grew. */
  all(): { readonly digest: Digest; readonly bytes: number; readonly idleMs: number }[];
  /** Gone when it returns; what is in the content store stays there. */
  remove(digest: Digest): void;
}

/** How a writable layer is made. */
export interface PrepareOptions {
  /** What it holds at most. */
  readonly bytesMax?: number | undefined;
  /** A crash may take it: no record leads to it. */
  readonly unsettled?: boolean;
  /** Ids of who runs in it are the host's, also where other containers have their own. */
  readonly hostIds?: boolean;
}

/** A read-only layer, unpacked. */
export interface LayerInfo {
  readonly chainId: ChainId;
  readonly diffId: Digest;
  readonly parent: ChainId | undefined;
  /** Sum of the files' sizes in this layer alone, as `docker image` shows it. */
  readonly bytes: number;
  /** Length of its plain archive, whose digest is `diffId`. */
  readonly plainBytes: number;
  /** The archive it was unpacked from, as it came: kept in the content store, so that it can leave as it came. */
  readonly blob: Digest;
}

/** A layer's tar archive, plain or compressed by gzip, zstd, xz or bzip2 (recognised by its first bytes). */
export interface LayerArchive {
  /** A file of the staging area, which becomes the blob, or of the content store, now or later; or a stream. */
  readonly from: string | Readable | Promise<string>;
  /** The file's digest when it is known already. */
  readonly blob?: Digest | undefined;
  /** Of the plain archive; refused when it is another. */
  readonly expectedDiffId?: Digest | undefined;
}

/** How layers are made of archives. */
export interface ApplyOptions {
  readonly parent: ChainId | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Takes hold of every layer before anybody could collect it. */
  readonly lease: Lease;
  /** Called when a layer is unpacked, or found to be here already. */
  readonly onLayer?: ((diffId: Digest) => void) | undefined;
}

/** What a container's writable layer does to a path: 0 changed, 1 added, 2 removed. */
export interface PathChange {
  readonly path: string;
  readonly kind: 0 | 1 | 2;
}

/** Unpacked layers, and the writable layer of each container on top of them. */
export interface Layers {
  /** Some layer's record cannot be read: what seems to belong to nobody may belong to it, or be needed by it. */
  readonly incomplete: boolean;
  get(chainId: ChainId): LayerInfo | undefined;
  /** All layers that are registered. */
  all(): LayerInfo[];
  /** Layers from the bottom up to `chainId`. @throws NotFound when one is missing */
  chain(chainId: ChainId): LayerInfo[];
  /**
   * Unpacks archives, bottom first, in worker threads side by side, and registers them as layers: all or none. Chains
   * that are here already are not unpacked again.
   * @throws InvalidArgument when an archive is broken or not what was declared
   */
  apply(archives: readonly LayerArchive[], options: ApplyOptions): Promise<LayerInfo[]>;
  /** Unknown to everybody when the call returns (before it resolves), gone from the disk a little later. */
  removeLayer(chainId: ChainId): Promise<void>;

  /** Whether writable layers can have a size: the file system holds project quotas. */
  readonly limitsSize: boolean;
  /** Makes the writable layer of container `id`. `parent` undefined: an empty root. Durable, unless it is to be unsettled. */
  prepare(id: string, parent: ChainId | undefined, options?: PrepareOptions): Promise<void>;
  /** Makes one that was prepared unsettled durable. */
  settleWritable(id: string): Promise<void>;
  /** Mounts it and returns the root directory. Idempotent. Synchronous: mount(2) takes 0.6 ms. */
  mount(id: string): string;
  unmount(id: string): Promise<void>;
  /** Ids of who runs in it, where they are not the host's; undefined: they are. */
  mappedIds(id: string): MappedIds | undefined;
  /** Where {@link mount} puts it. */
  rootOf(id: string): string;
  /** Unmounts, moves it out of sight at once (durable), deletes in the background. Absent: nothing to do. */
  removeWritable(id: string): Promise<void>;
  /** Ids of all writable layers on disk, for recovery. `known`: what some stand on, so that it need not be read again. */
  writable(known?: ReadonlyMap<string, ChainId | undefined>): Promise<string[]>;
  /** Ids of those that are mounted. */
  mounted(): string[];
  /** Chains that writable layers stand on, also those that are just being made. */
  parents(): ReadonlySet<ChainId>;
  /** Names of the graph driver and its directories, as inspect shows them (`GraphDriver`). */
  describe(id: string): { Name: string; Data: Record<string, string> };
  describeLayer(chainId: ChainId): { Name: string; Data: Record<string, string> };
  /** Bytes in the writable layer (`SizeRw`). */
  writableBytes(id: string): Promise<number>;
  /** The files of container `id` for copies in and out. `readOnly`: its root is. @throws NotFound, SystemError */
  openTree(id: string, mounts: readonly TreeMount[], readOnly: boolean): ContainerTree;
  /** What the container changed of its image, by path. */
  changes(id: string): Promise<PathChange[]>;
  /** Makes a layer of what the container changed, on top of its parent; undefined when that is nothing. */
  commit(id: string, options: CommitOptions): Promise<LayerInfo | undefined>;
  /** Puts all layers on record that are only known: whatever is to stand on them is put on record after it. */
  settle(): Promise<void>;
  /** One layer on top of `below` with all that the layers up to `top` changed of it; undefined when that is nothing. */
  squash(
    top: ChainId | undefined,
    options: { readonly below: ChainId | undefined; readonly lease: Lease; readonly signal: AbortSignal },
  ): Promise<LayerInfo | undefined>;
  /**
   * Makes a layer of copies on top of `parent`, streamed into it; undefined when there is nothing to copy.
   * @throws InvalidArgument when what is asked for cannot be, Failed
   */
  addFiles(options: CopyOptions): Promise<LayerInfo | undefined>;
}

/** How a layer is made of a container's changes. */
export interface CommitOptions {
  readonly lease: Lease;
  readonly signal: AbortSignal;
  /** No time in the layer is later: with the same changes it is the same layer. */
  readonly timesAtMost?: bigint | undefined;
  /** The layer is known at once; it is on the disk and on record with `settle`. */
  readonly unsettled?: boolean;
  readonly evenIfEmpty?: boolean; // what changed nothing is a layer all the same
  /** Places in the container that were made to mount something over: as long as nothing is in them they are no change. */
  readonly mounted?: readonly string[];
}

/** A member of an archive that was taken apart; paths are clean and relative, in one character a byte. */
export type ArchiveMember =
  | { readonly is: 'file'; readonly file: string; readonly bytes: number; readonly digest: Digest }
  | { readonly is: 'link'; readonly target: string }
  | { readonly is: 'directory' };

/** An archive of blobs in the staging area. Disposing removes what was not adopted by then. */
export interface OpenedArchive extends AsyncDisposable {
  readonly members: ReadonlyMap<string, ArchiveMember>;
}

/** A volume as it is on record. */
export interface VolumeRow {
  readonly name: string;
  /** RFC 3339, whole seconds. */
  readonly createdAt: string;
  /** As the client sent them; null: it sent none. */
  readonly labels: Readonly<Record<string, string>> | null;
  readonly options: Readonly<Record<string, string>> | null;
  /** Made for a container that is not on record yet: when that never comes, the next start takes the volume back. */
  readonly pending?: true;
  /** Removed: the next start finishes what a crash cut off. */
  readonly leaving?: true;
}

/** What to mount on a volume while it is used; flags and data as mount(2) takes them. */
export interface VolumeDevice {
  readonly source: string;
  readonly type: string;
  readonly flags: number;
  /** Propagation, set by a call of its own; 0: as it comes. */
  readonly propagation: number;
  readonly data: string;
}

/** Volumes that nobody finds any more, whose removal waits to be put on record. */
export interface Leaving {
  /** Part of the transaction that removes them. */
  readonly changes: readonly Change[];
  /** The transaction failed: they are back. */
  stay(): void;
  /** It is on record. Their directories are out of the way when this returns, the rest when it resolves; never rejects. */
  go(): Promise<void>;
}

/** Volumes of the local driver. Names must be of the grammar: whoever asks has checked them. */
export interface Volumes {
  get(name: string): VolumeRow | undefined;
  all(): VolumeRow[];
  /** The directory that containers mount. */
  pathOf(name: string): string;
  /** Makes new volumes, all or none. Known at once, durable when it resolves. */
  create(rows: readonly VolumeRow[]): Promise<void>;
  /** The change that ends `pending`: it belongs into the transaction that records the container. */
  settled(names: readonly string[]): Change[];
  settle(names: readonly string[]): void; // that transaction is on the disk: they are not taken back any more
  leave(names: readonly string[]): Leaving;
  /**
   * Copies the directory `path` of the tree at `root` into the volume, with its owner and mode, when the volume is empty.
   * Links in `path` are resolved inside `root`. `inPlace`: others have the volume mounted, so its directory must stay the same.
   */
  populate(
    name: string,
    from: {
      readonly root: string;
      readonly path: string;
      /** Ids of who is inside `root`, where they are not the host's. */
      readonly map?: IdMap | undefined;
    },
    options: { readonly inPlace: boolean },
  ): Promise<'copied' | 'kept' | 'nothing'>;
  isEmpty(name: string): boolean;
  measure(name: string): Promise<number>; // bytes of all files
  /** Mounts a device on its directory, unless one is mounted. @throws SystemError */
  attach(name: string, device: VolumeDevice): Promise<void>;
  /** Not mounted: nothing to do. */
  detach(name: string): Promise<void>;
  /** Names of volumes that have something mounted on them. */
  attached(): string[];
}

/** What a plain archive became; `size` in bytes. */
export interface CompressedLayer {
  readonly digest: Digest;
  readonly size: number;
}

/** An archive that is compressed while it is read. */
export interface Compressing {
  /** Destroying it ends the work. */
  readonly pieces: Pieces;
  /** After the last piece; undefined when they were not read to the end. */
  readonly made: Promise<CompressedLayer | undefined>;
}

/** A directory for work that is thrown away. */
export interface Scratch extends AsyncDisposable {
  readonly path: string;
}

/** The storage of one engine. Close it with the daemon. */
export interface Storage {
  /** Files that builds read. */
  readonly files: FileSources;
  readonly records: Records;
  readonly content: Content;
  readonly unfinished: Unfinished;
  readonly layers: Layers;
  readonly volumes: Volumes;
  /**
   * Takes apart a tar archive (compressed or not) into files of the staging area, without holding it in memory; each
   * file's digest is computed on the way.
   * @throws InvalidArgument when it is broken, or a name in it leaves it
   */
  openArchive(source: Readable, options: { signal?: AbortSignal }): Promise<OpenedArchive>;
  /** An empty directory of the staging area, for the caller alone. Disposing removes it, with what is in it. */
  scratch(): Promise<Scratch>;
  /** The plain archive of a layer's blob, for whoever sends it on. Its diff id is the digest of these bytes. */
  plainLayer(blob: Digest): Readable;
  /** The same, compressed by gzip while it is read: the same bytes each time. */
  compressLayer(blob: Digest, signal: AbortSignal): Compressing;
  lease(purpose: string): Lease;
  /** Bytes of all files in a directory of the engine's own. */
  measure(directory: string): Promise<number>;
  /** A directory below the data root: out of sight when it resolves, deleted later. Absent: nothing to do. */
  discard(directory: string): Promise<void>;
  leased(kind: 'blob' | 'layer', name: string): boolean;
  /** The name `docker info` shows: `overlay2`, or `vfs` where overlay is missing. */
  readonly driver: string;
  readonly root: string;
  /** Ids of containers that do not have the host's; undefined: there are none. */
  readonly mappedIds: MappedIds | undefined;
  close(): Promise<void>;
}
