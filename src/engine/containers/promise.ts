/** What the engine promises of containers: its verbs and their options. The verbs take the same types. */
import type { Readable } from 'node:stream';
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
} from '../../model/container.ts';
import type { Filters } from '../../model/filters.ts';
import type { Progress } from '../../model/progress.ts';
import type { ContainersPruned } from '../../model/prune.ts';
import type { ContainerStats } from '../../model/stats.ts';
import type { ProcessTable } from '../../runtime/index.ts';
import type { PathStat } from '../../storage/index.ts';
import type { ResolvedImage } from '../images/resolve.ts';
import type { Attachment, OutputChunk, TerminalSize } from '../processes/attachment.ts';

/** How a container is made. */
export interface CreateOptions {
  /** Undefined or empty: one is chosen. */
  readonly name: string | undefined;
  /** `os[/architecture[/variant]]` that the image must be for; undefined or empty: any. */
  readonly platform: string | undefined;
  /** Before 1.44 read-only binds were not recursive: what is mounted below them stays writable. */
  readonly readOnlyIsFlat: boolean;
  /**
   * The image of a build's step, which nobody else may know yet. The container ends with the daemon, and is on no record,
   * unless {@link StepContainers.leaveBuild} is called.
   */
  readonly ofBuild?: ResolvedImage;
  /** Nobody lists it, and nothing is told of it; its host's name is in no variable. */
  readonly unseen?: boolean;
  readonly signal: AbortSignal;
}

/** Which containers are listed, and how much of each is told. */
export interface ListOptions {
  /** Also those that do not run. */
  readonly all: boolean;
  /** The newest so many; undefined or not positive: all. */
  readonly limit: number | undefined;
  readonly size: boolean;
  readonly filters: Filters;
  /** What the filters `before` and `since` do when they name no container. */
  readonly unknownAnchors: 'refused' | 'ignored';
}

/** How much inspect tells. */
export interface InspectOptions {
  /** With the bytes of its layers. */
  readonly size: boolean;
}

/** What clients before 1.24 could bring with a start. */
export interface StartOptions {
  /** It replaces the stored one, but for the members in `keep`. */
  readonly hostConfig: HostConfig | undefined;
  readonly keep: readonly (keyof HostConfig)[];
}

/** How a container is ended. */
export interface StopOptions {
  /** A name with or without SIG, or a number; undefined or empty: the container's own. */
  readonly signal: string | undefined;
  /** Then it is killed; negative: never. Undefined: the container's own. */
  readonly timeoutSeconds: number | undefined;
}

/** Which signal is sent. */
export interface KillOptions {
  /** A name with or without SIG, or a number; undefined or empty: KILL. */
  readonly signal: string | undefined;
}

/** What is waited for. */
export type WaitCondition = 'not-running' | 'next-exit' | 'removed';

/** What is waited for, and how long. */
export interface WaitOptions {
  readonly condition: WaitCondition;
  readonly signal: AbortSignal;
}

/** How a container is removed. */
export interface RemoveOptions {
  /** Also one that runs: it is killed. */
  readonly force: boolean;
  /** With the volumes that nobody named. */
  readonly volumes: boolean;
  /** Only the link of that name. */
  readonly link: boolean;
}

/** Which streams a client attaches to. */
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

/** Which part of a log is read, and in what form. */
export interface LogOptions {
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly follow: boolean;
  /** Nanoseconds since 1970; undefined: from the start. */
  readonly since: bigint | undefined;
  readonly until: bigint | undefined;
  /** Number of last lines; undefined: all. */
  readonly tail: number | undefined;
  /** Prefix each line with the time at which it was written. */
  readonly timestamps: boolean;
  /** Prefix each line with the log driver's extra attributes. */
  readonly details: boolean;
  readonly signal: AbortSignal;
}

/** What was read of a log. */
export interface LogOutput {
  readonly terminal: boolean;
  /** Each chunk holds whole lines when `timestamps` is set, arbitrary bytes otherwise. */
  readonly output: AsyncIterable<OutputChunk>;
}

/** How many samples are given. */
export interface StatsOptions {
  /** A sample a second; else one. */
  readonly stream: boolean;
  /** The one sample at once, without one before it to compare with. */
  readonly oneShot: boolean;
  readonly signal: AbortSignal;
}

/** How long a reader of files is served. */
export interface ReadArchiveOptions {
  readonly signal: AbortSignal;
}

/** How an archive is put into a container. */
export interface PutArchiveOptions {
  /** A directory is not replaced by something else, nor the reverse. */
  readonly noOverwriteDirNonDir: boolean;
  /** What comes belongs to the container's user. */
  readonly copyUIDGID: boolean;
  readonly signal: AbortSignal;
}

/** A path of a container and its tar archive. */
export interface PathArchive {
  readonly stat: PathStat;
  /** Destroying it, or its end, lets go of the container's files. */
  readonly archive: Readable;
}

/** How a container becomes an image. */
export interface CommitOptions {
  readonly repo: string | undefined;
  readonly tag: string | undefined;
  readonly comment: string;
  readonly author: string;
  /** Its processes stand still meanwhile. */
  readonly pause: boolean;
  /** Instructions of a Dockerfile, which change the configuration. */
  readonly changes: readonly string[];
  /** Instead of the container's configuration, which fills what is missing in it. */
  readonly config: ContainerConfig | undefined;
  readonly signal: AbortSignal;
}

/** Which file is put into which image. */
export interface InsertOptions {
  readonly image: string;
  /** http or https. */
  readonly url: string;
  readonly path: string;
  readonly signal: AbortSignal;
}

/** What builds do with the containers of their steps. */
export interface StepContainers {
  /** A container of a build is like others from now on. */
  leaveBuild(name: string): Promise<void>;
}

/** Every `name` is a name (with or without `/`), an id, or an unambiguous id prefix. @throws NotFound, Conflict, Unchanged … */
export interface Containers {
  /** @throws InvalidArgument, NotFound (image), Conflict (name) */
  create(request: CreateRequest, options: CreateOptions): Promise<CreateResponse>;
  list(options: ListOptions): Promise<ContainerSummary[]>;
  inspect(name: string, options: InspectOptions): Promise<ContainerInspect>;
  /** @throws Unchanged when it is running */
  start(name: string, options: StartOptions): Promise<void>;
  /** @throws Unchanged when it is not running */
  stop(name: string, options: StopOptions): Promise<void>;
  restart(name: string, options: StopOptions): Promise<void>;
  kill(name: string, options: KillOptions): Promise<void>;
  pause(name: string): Promise<void>;
  unpause(name: string): Promise<void>;
  /** Resolves at once when the container exists; `ended` resolves when the condition comes true. */
  wait(name: string, options: WaitOptions): Promise<{ ended: Promise<WaitResponse> }>;
  rename(name: string, to: string): Promise<void>;
  remove(name: string, options: RemoveOptions): Promise<void>;
  resize(name: string, size: TerminalSize): Promise<void>;
  attach(name: string, options: AttachOptions): Promise<Attachment>;
  logs(name: string, options: LogOptions): Promise<LogOutput>;
  update(name: string, request: UpdateRequest): Promise<UpdateResponse>;
  /** Its processes as the host's ps shows them; `psArgs` as for ps, undefined: `-ef`. @throws Conflict when it does not run */
  top(name: string, psArgs: string | undefined): Promise<ProcessTable>;
  /** Of a container that does not run an empty sample. Ends with `signal` and with the container. */
  stats(name: string, options: StatsOptions): Promise<AsyncIterable<ContainerStats>>;
  /** Removes what does not run. @throws Conflict while another prune is at it */
  prune(filters: Filters, signal: AbortSignal): Promise<ContainersPruned>;
  /** What is at a path of the container, a link as itself. @throws NotFound */
  statPath(name: string, path: string): Promise<PathStat>;
  /** A tar archive of it. @throws NotFound */
  getArchive(name: string, path: string, options: ReadArchiveOptions): Promise<PathArchive>;
  /** The same as clients before 1.24 asked for it: links are followed, and the archive begins with what they lead to. */
  copy(name: string, path: string, options: ReadArchiveOptions): Promise<Readable>;
  /** Unpacks a tar archive, plain or compressed, into a directory. @throws NotFound, InvalidArgument */
  putArchive(name: string, path: string, archive: Readable, options: PutArchiveOptions): Promise<void>;
  /** All files of the container, without what is mounted over them, as a tar archive. */
  export(name: string, options: ReadArchiveOptions): Promise<Readable>;
  changes(name: string): Promise<ContainerChange[]>;
  commit(name: string, options: CommitOptions): Promise<{ Id: string }>;
  /** An image with a file from the web in it; the last message says its id. */
  insert(options: InsertOptions): AsyncIterable<Progress>;
}
