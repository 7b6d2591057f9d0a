/** What an engine can do, as the API's handlers and the daemon see it. The engine knows one API version: the newest. */
import type { Readable, Writable } from 'node:stream';
import type { Credentials } from '../formats/credentials.ts';
import type { WantedPlatform } from '../formats/platform.ts';
import type {
  ContainerChange,
  ContainerConfig,
  ContainerInspect,
  ContainerSummary,
  CreateRequest,
  CreateResponse,
  HostConfig,
  UpdateRequest,
  UpdateResponse,
  WaitResponse,
} from '../model/container.ts';
import type { DiskUsage, DiskUsageKind } from '../model/disk-usage.ts';
import type { EventMessage } from '../model/event.ts';
import type { ExecCreateRequest, ExecInspect } from '../model/exec.ts';
import type { Filters } from '../model/filters.ts';
import type { HistoryItem, ImageDeleteItem, ImageInspect, ImageSummary } from '../model/image.ts';
import type { Progress } from '../model/progress.ts';
import type { BuildCachePruned, ContainersPruned, ImagesPruned, NetworksPruned } from '../model/prune.ts';
import type { DistributionInspect, KeptLogin, SearchResult } from '../model/registry.ts';
import type { ContainerStats } from '../model/stats.ts';
import type { SystemInfo, SystemVersion } from '../model/system.ts';
import type { Volume, VolumeCreateRequest, VolumeList, VolumesPruned } from '../model/volume.ts';
import type { PathStat } from '../storage/index.ts';

export interface Engine {
  readonly containers: Containers;
  readonly execs: Execs;
  readonly images: Images;
  readonly volumes: Volumes;
  readonly events: Events;
  readonly system: System;
}

/** Bytes of one stream, in the order they were written to it. */
export interface OutputChunk {
  readonly stream: 'stdout' | 'stderr';
  readonly bytes: Buffer;
}

/** An open conversation with a process. The owner must call `close` whatever happens. */
export interface Attachment {
  /** A terminal's bytes are never framed. */
  readonly terminal: boolean;
  /** Ends when the process has ended and all of its output was given, or after `close`. Undefined: not asked for. */
  readonly output: AsyncIterable<OutputChunk> | undefined;
  /** Ending it ends stdin as the container's settings say (StdinOnce). Undefined: not asked for, or no stdin. */
  readonly input: Writable | undefined;
  /** Resolves when the detach keys were typed; then the conversation is over though the process runs on. */
  readonly detached: Promise<void>;
  close(): void;
}

export interface AttachOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Follow what comes; without it only `logs` are replayed. */
  readonly stream: boolean;
  /** Replay what was written so far first. */
  readonly logs: boolean;
  /** As Docker spells it (`ctrl-p,ctrl-q`); undefined means the default. @throws InvalidArgument when malformed */
  readonly detachKeys: string | undefined;
}

export interface LogOptions {
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly follow: boolean;
  /** Nanoseconds since 1970; undefined: from the start. */
  readonly since: bigint | undefined;
  readonly until: bigint | undefined;
  /** Number of last lines; undefined: all. */
  readonly tail: number | undefined;
  /** Prefix each line with its time, spelled by `stamp`. */
  readonly timestamps: boolean;
  /** Prefix each line with the log driver's extra attributes. */
  readonly details: boolean;
  readonly signal: AbortSignal;
}

export interface LogOutput {
  readonly terminal: boolean;
  /** Each chunk holds whole lines when `timestamps` is set, arbitrary bytes otherwise. */
  readonly output: AsyncIterable<OutputChunk>;
}

/** A table as ps prints it. */
export interface ProcessTable {
  readonly titles: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export type WaitCondition = 'not-running' | 'next-exit' | 'removed';

export interface ListOptions {
  readonly all: boolean;
  readonly limit: number | undefined;
  readonly size: boolean;
  readonly filters: Filters;
  /** What the filters `before` and `since` do when they name no container. */
  readonly unknownAnchors: 'refused' | 'ignored';
}

export type { PathStat } from '../storage/index.ts';

/** How an archive is put into a container. */
export interface PutArchiveOptions {
  /** A directory is not replaced by something else, nor the reverse. */
  readonly noOverwriteDirNonDir: boolean;
  /** What comes belongs to the container's user. */
  readonly copyUIDGID: boolean;
  readonly signal: AbortSignal;
}

export interface CommitOptions {
  readonly repo: string | undefined;
  readonly tag: string | undefined;
  readonly comment: string;
  readonly author: string;
  readonly pause: boolean;
  /** Instructions of a Dockerfile, which change the configuration. */
  readonly changes: readonly string[];
  /** Instead of the container's configuration, which fills what is missing in it. */
  readonly config: ContainerConfig | undefined;
  readonly signal: AbortSignal;
}

export interface InsertOptions {
  readonly image: string;
  /** http or https. */
  readonly url: string;
  readonly path: string;
  readonly signal: AbortSignal;
}

/** Every `name` is a name (with or without `/`), an id, or an unambiguous id prefix. @throws NotFound, Conflict, Unchanged … */
export interface Containers {
  create(
    request: CreateRequest,
    options: {
      name: string | undefined;
      platform: string | undefined;
      /** Before 1.44 read-only binds were not recursive: what is mounted below them stays writable. */
      readOnlyIsFlat: boolean;
      signal: AbortSignal;
    },
  ): Promise<CreateResponse>;
  list(options: ListOptions): Promise<ContainerSummary[]>;
  inspect(name: string, options: { size: boolean }): Promise<ContainerInspect>;
  /** `hostConfig`: API 1.3–1.23 could bring one with the start; it replaces the stored one, but for the members in `keep`. @throws Unchanged when running */
  start(
    name: string,
    options: {
      hostConfig: HostConfig | undefined;
      keep: readonly (keyof HostConfig)[];
      detachKeys: string | undefined;
    },
  ): Promise<void>;
  /** @throws Unchanged when it is not running */
  stop(
    name: string,
    options: { signal: string | undefined; timeoutSeconds: number | undefined },
  ): Promise<void>;
  restart(
    name: string,
    options: { signal: string | undefined; timeoutSeconds: number | undefined },
  ): Promise<void>;
  /** `signal`: a name with or without SIG, or a number; undefined: KILL. */
  kill(name: string, options: { signal: string | undefined }): Promise<void>;
  pause(name: string): Promise<void>;
  unpause(name: string): Promise<void>;
  /** Resolves at once when the container exists; `ended` resolves when the condition comes true. */
  wait(
    name: string,
    options: { condition: WaitCondition; signal: AbortSignal },
  ): Promise<{ ended: Promise<WaitResponse> }>;
  rename(name: string, to: string): Promise<void>;
  remove(name: string, options: { force: boolean; volumes: boolean; link: boolean }): Promise<void>;
  resize(name: string, size: { rows: number; columns: number }): Promise<void>;
  attach(name: string, options: AttachOptions): Promise<Attachment>;
  logs(name: string, options: LogOptions): Promise<LogOutput>;
  update(name: string, request: UpdateRequest): Promise<UpdateResponse>;
  /** Its processes as the host's ps shows them; `psArgs` as for ps, undefined: `-ef`. @throws Conflict when it does not run */
  top(name: string, psArgs: string | undefined): Promise<ProcessTable>;
  /** A sample a second, or one; of a container that does not run an empty one. Ends with `signal` and with the container. */
  stats(
    name: string,
    options: { stream: boolean; oneShot: boolean; signal: AbortSignal },
  ): Promise<AsyncIterable<ContainerStats>>;
  /** Removes what does not run. @throws Conflict while another prune is at it */
  prune(filters: Filters, signal: AbortSignal): Promise<ContainersPruned>;
  /** What is at a path of the container, a link as itself. @throws NotFound */
  statPath(name: string, path: string): Promise<PathStat>;
  /** A tar archive of it. Destroying the stream, or its end, lets go of the container's files. @throws NotFound */
  getArchive(
    name: string,
    path: string,
    options: { signal: AbortSignal },
  ): Promise<{ stat: PathStat; archive: Readable }>;
  /** The same as clients before 1.24 asked for it: links are followed, and the archive begins with what they lead to. */
  copy(name: string, path: string, options: { signal: AbortSignal }): Promise<Readable>;
  /** Unpacks a tar archive, plain or compressed, into a directory. @throws NotFound, InvalidArgument */
  putArchive(name: string, path: string, archive: Readable, options: PutArchiveOptions): Promise<void>;
  /** All files of the container, without what is mounted over them, as a tar archive. */
  export(name: string, options: { signal: AbortSignal }): Promise<Readable>;
  changes(name: string): Promise<ContainerChange[]>;
  commit(name: string, options: CommitOptions): Promise<{ Id: string }>;
  /** An image with a file from the web in it; the last message says its id. */
  insert(options: InsertOptions): AsyncIterable<Progress>;
}

export interface Execs {
  create(container: string, request: ExecCreateRequest): Promise<{ Id: string }>;
  /**
   * Runs it and hands over its streams; with `detach` it resolves when the process runs, without an attachment.
   * `accepted` is called when nothing but the start itself can fail any more.
   */
  start(
    id: string,
    options: {
      detach: boolean;
      /** The client wants the bytes as they come, whatever the exec itself has. */
      tty: boolean | undefined;
      consoleSize: readonly [rows: number, columns: number] | undefined;
      accepted: () => void;
    },
  ): Promise<Attachment | undefined>;
  resize(id: string, size: { rows: number; columns: number }): Promise<void>;
  inspect(id: string): Promise<ExecInspect>;
}

export interface Images {
  list(options: { all: boolean; filters: Filters; sharedSize: boolean }): Promise<ImageSummary[]>;
  inspect(name: string): Promise<ImageInspect>;
  history(name: string): Promise<HistoryItem[]>;
  tag(name: string, to: { repo: string; tag: string | undefined }): Promise<void>;
  remove(name: string, options: { force: boolean; prune: boolean }): Promise<ImageDeleteItem[]>;
  /** Removes what has no name, or with the filter `dangling=false` all that no container needs. @throws Conflict while another prune is at it */
  prune(filters: Filters, signal: AbortSignal): Promise<ImagesPruned>;
  /** Yields progress in the newest form; a failure after the first message is thrown from the iterator. */
  load(
    archive: Readable,
    options: {
      quiet: boolean;
      /** Images for other platforms are left out; none: an index's choice is this machine's. */
      platforms: readonly WantedPlatform[];
      signal: AbortSignal;
    },
  ): AsyncIterable<Progress>;
  /**
   * An archive of images: a name without a tag means all tags of the repository. Its end, or destroying it, lets go of
   * the images. @throws NotFound, InvalidArgument before any byte
   */
  save(
    names: readonly string[],
    options: { platforms: readonly WantedPlatform[]; signal: AbortSignal },
  ): Promise<Readable>;
  /** From an archive, or from where it lies on the web (http and https). */
  importRootfs(
    from: Readable | URL,
    options: {
      repo: string | undefined;
      tag: string | undefined;
      message: string;
      changes: readonly string[];
      platform: string | undefined;
      signal: AbortSignal;
    },
  ): AsyncIterable<Progress>;
  /** @throws InvalidArgument before the first message; what the registry makes of it is thrown from the iterator */
  pull(options: {
    image: string;
    /** A tag or digest; undefined and none in `image`: all tags. */
    tag: string | undefined;
    platform: string | undefined;
    credentials: Credentials | undefined;
    /** Layer after layer: for readers that could not tell their messages apart. */
    oneByOne: boolean;
    signal: AbortSignal;
  }): AsyncIterable<Progress>;
  push(options: {
    image: string;
    /** Undefined and none in `image`: all tags. */
    tag: string | undefined;
    credentials: Credentials | undefined;
    signal: AbortSignal;
  }): AsyncIterable<Progress>;
  search(options: {
    term: string;
    limit: number | undefined;
    filters: Filters;
    credentials: Credentials | undefined;
    signal: AbortSignal;
  }): Promise<SearchResult[]>;
  /** @throws Unauthorized */
  login(options: { server: string; credentials: Credentials; signal: AbortSignal }): Promise<void>;
  /** The login that stays with the engine; undefined: nobody left one. */
  keptLogin(): Promise<KeptLogin | undefined>;
  /** Takes the place of the one before. */
  keepLogin(login: KeptLogin): Promise<void>;
  /** The kept login's credentials when they are for this image's registry. @throws InvalidArgument */
  keptCredentials(image: string): Promise<Credentials | undefined>;
  /** What a name leads to at its registry. @throws NotFound */
  distribution(options: {
    image: string;
    credentials: Credentials | undefined;
    signal: AbortSignal;
  }): Promise<DistributionInspect>;
}

/** @throws NotFound, Conflict, InvalidArgument … */
export interface Volumes {
  list(filters: Filters): Promise<VolumeList>;
  inspect(name: string): Promise<Volume>;
  /** A name that is there already is answered as it is. */
  create(request: VolumeCreateRequest): Promise<Volume>;
  /** `force`: one that is not there is no error. @throws Conflict while a container has it */
  remove(name: string, options: { force: boolean }): Promise<void>;
  /** Removes what no container has. */
  prune(filters: Filters, options: { signal: AbortSignal }): Promise<VolumesPruned>;
}

export interface Events {
  /** Ends when `until` has passed or `signal` fires; without `until` it follows. `since` replays from disk. */
  subscribe(options: {
    since: bigint | undefined;
    until: bigint | undefined;
    filters: Filters;
    signal: AbortSignal;
  }): AsyncIterable<EventMessage> & {
    /** Fires when whoever reads was too far behind for too long: nothing more comes, and it is not waited for. */
    readonly cut?: AbortSignal;
  };
}

export interface System {
  info(): Promise<SystemInfo>;
  version(): Promise<SystemVersion>;
  /** Bytes on the disk by kind of thing. `verbose`: with the things. */
  diskUsage(options: { kinds: readonly DiskUsageKind[]; verbose: boolean }): Promise<DiskUsage>;
  /** Of users' networks; this engine has its own alone. @throws InvalidArgument */
  pruneNetworks(filters: Filters): Promise<NetworksPruned>;
  /** This engine builds nothing, so there is nothing to free. @throws InvalidArgument */
  pruneBuildCache(filters: Filters): Promise<BuildCachePruned>;
}
