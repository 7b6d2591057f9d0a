/** What the engine promises of builds in BuildKit's manner: a Dockerfile, solved with what its client lends, then exported. */
import type { Duplex, Readable, Writable } from 'node:stream';
import type { Conversation } from '../../../base/conversation.ts';
import type { Credentials } from '../../../formats/credentials.ts';
import type { Digest } from '../../../formats/digest.ts';
import type { BuildEvent } from '../../../model/build-event.ts';
import type { FileSource } from '../../../storage/index.ts';
import type { LentStore } from '../../images/lent-store.ts';
import type { BuildHostConfig } from '../host-config.ts';

/** What a client sends of one of its directories. */
export interface ClientFiles {
  /** What the client calls the directory: `context`, `dockerfile`, or the name of a further one. */
  readonly name: string;
  /** Paths that are followed through links, and sent with what they lead to; none: everything is. */
  readonly followPaths: readonly string[];
  readonly includePatterns: readonly string[];
  readonly excludePatterns: readonly string[];
}

/** What the client of a build lends while its session lasts. All of it is hostile. */
export interface BuildClient {
  /** Tells this client's directories from others': one that has it sends again only what has changed. */
  readonly sharedKey: string;
  /** Begins to bring a directory here: the file sync protocol (`moby.filesync.v1`), the client being its sender. */
  sync(files: ClientFiles, signal: AbortSignal): Conversation;
  /** Bytes that the client was given on its standard input: an archive, or a Dockerfile. */
  upload(id: string, signal: AbortSignal): Readable;
  /** Undefined: it has none of that id. @throws Failed when it does not say, or sends too much */
  secret(id: string, signal: AbortSignal): Promise<Buffer | undefined>;
  /** Whether it lends an agent of that id (`default` without one); undefined: it lends none at all. */
  hasAgent(id: string, signal: AbortSignal): Promise<boolean | undefined>;
  /** A connection to its SSH agent. */
  agent(id: string, signal: AbortSignal): Duplex;
  /** Its login at a registry, by the registry's host; undefined: none. */
  login(host: string, signal: AbortSignal): Promise<Credentials | undefined>;
  /** A store of blobs: the cache in a directory (`local:DIRECTORY`), an image as a layout (`oci:NAME`). */
  store(id: string): LentStore;
}

/** What the client has that opens a repository, by the names that it has it by; '': nothing. */
export interface GitKeys {
  /** Secrets: of a header `Authorization`, and of a token. Those with `.HOST` at the end come first. */
  readonly header: string;
  readonly token: string;
  readonly agent: string;
  /** Keys of the host, in the form of known_hosts(5); undefined: those that it shows now. */
  readonly knownHosts: string | undefined;
}

/** A git repository, an archive or a single Dockerfile, by its address. */
export interface RemoteInput {
  readonly is: 'remote';
  readonly address: string;
  /** Of a repository git's own directory stays. */
  readonly keepGitDir?: boolean;
  /** Of a repository; undefined: by what usually opens it. */
  readonly opens?: GitKeys;
}

/** One thing out of a repository, which a client's graph copies to where nothing is. */
export interface PartInput {
  readonly is: 'part';
  readonly of: RemoteInput;
  readonly path: string;
  /** Of a directory it is what is in it. */
  readonly contents: boolean;
  /** As the copy is told. */
  readonly name: string;
}

/** Files that a build reads, or an image that it stands on. */
export type BuildInput =
  | { readonly is: 'client'; readonly name: string }
  /** What came on the client's standard input. */
  | { readonly is: 'upload'; readonly id: string }
  | RemoteInput
  | PartInput
  | { readonly is: 'image'; readonly name: string }
  /** An image in a store of the client's, by the digest of its manifest or index. */
  | { readonly is: 'layout'; readonly store: string; readonly digest: Digest }
  /** What another build of the same client made: `Solved.results`' token. */
  | { readonly is: 'solved'; readonly token: string };

/** Those of them that are files. */
export type FilesInput = Exclude<BuildInput, { readonly is: 'image' | 'layout' | 'solved' }>;

/** Where steps that were done elsewhere are found: `--cache-from`. */
export interface CacheImport {
  readonly type: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** What is solved, and how. */
export interface SolveOptions {
  readonly context: BuildInput;
  /** Of the context it is this directory; undefined: all of it. */
  readonly subdirectory: string | undefined;
  /** Where the Dockerfile lies, if not in the context. */
  readonly dockerfile: { readonly from: BuildInput; readonly name: string | undefined };
  /** By the name that FROM and `--from` have for them; a name may have `::platform` behind it. */
  readonly contexts: ReadonlyMap<string, BuildInput>;
  readonly target: string | undefined;
  readonly buildArgs: ReadonlyMap<string, string>;
  readonly labels: Readonly<Record<string, string>>;
  /** Nothing is found in the cache; or nothing of the stages named. */
  readonly noCache: 'all' | readonly string[];
  /** Bases are asked for at their registries even if they are here. */
  readonly pull: boolean;
  /** None: this machine's. */
  readonly platforms: readonly string[];
  /** A result is told apart by its platform even if there is one alone. */
  readonly multiPlatform: boolean;
  readonly hostConfig: BuildHostConfig;
  readonly hostname: string | undefined;
  readonly cacheFrom: readonly CacheImport[];
  /** What RUN may ask for beyond the ordinary: `network.host`, `security.insecure`, `device`. */
  readonly entitlements: readonly string[];
  /** Only what is wrong with the Dockerfile, or what it has, is told: nothing is built. */
  readonly question: 'lint' | 'outline' | 'targets' | 'describe' | undefined;
  readonly client: BuildClient;
  /** Resolves when there is room for the next. */
  readonly tell: (event: BuildEvent) => Promise<void> | undefined;
  readonly signal: AbortSignal;
}

/** What was made for one platform. */
export interface SolvedPlatform {
  /** `linux/amd64`. */
  readonly platform: string;
  /** By it another build of this client stands on the result, or reads of it. It ends with the result. */
  readonly token: string;
  /** The image's configuration, as it would be written. */
  readonly config: Buffer;
  /** The vertex that made it. */
  readonly vertex: string;
}

/** What came of it, held until it is disposed of. */
export interface Solved extends AsyncDisposable {
  readonly results: readonly SolvedPlatform[];
  readonly multiPlatform: boolean;
  /** What a question is answered with: `result.json`, `result.txt`, `result.statuscode`, `version`. */
  readonly answers: ReadonlyMap<string, Buffer>;
}

/** What is made of a result. */
export type BuildOutput =
  /** An image of this engine, by these names; `push`: and of their registries. */
  | {
      readonly is: 'image';
      readonly names: readonly string[];
      readonly push: boolean;
      readonly attributes: Readonly<Record<string, string>>;
    }
  /** An image as an archive, or (`tar` false) a layout of files. */
  | {
      readonly is: 'archive';
      readonly format: 'docker' | 'oci';
      readonly names: readonly string[];
      readonly attributes: Readonly<Record<string, string>>;
      readonly into: () => Writable;
    }
  /** The files alone, as one archive. */
  | { readonly is: 'tar'; readonly into: () => Writable }
  /** The files alone, into a directory of the client: the engine is the file sync protocol's sender. */
  | { readonly is: 'files'; readonly into: () => Conversation; readonly splitByPlatform: boolean };

/** Where the steps of a build go for others: `--cache-to`. */
export interface CacheExport {
  readonly type: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** How a result is exported. */
export interface ExportOptions {
  readonly outputs: readonly BuildOutput[];
  readonly cacheTo: readonly CacheExport[];
  readonly client: BuildClient;
  readonly tell: (event: BuildEvent) => Promise<void> | undefined;
  readonly signal: AbortSignal;
}

/** One thing in a directory of a result. */
export interface SolvedFile {
  readonly path: string;
  /** As Go's `os.FileMode` has it. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtimeNanos: bigint;
  readonly linkname: string;
}

/** Builds in BuildKit's manner. */
export interface Solves {
  /** @throws what a step throws; `placeOf` says where in the Dockerfile */
  solve(options: SolveOptions): Promise<Solved>;
  /** Said before anything is built. @throws InvalidArgument for a cache that is not exported here */
  checkCaches(cacheTo: readonly CacheExport[]): void;
  /** What the exporters answer, by name: `containerimage.digest` and its kin. */
  export(solved: Solved, options: ExportOptions): Promise<ReadonlyMap<string, string>>;
  /** What is read of a result by its token. @throws NotFound */
  readFile(token: string, path: string, options: Parameters<FileSource['readFile']>[1]): Promise<Buffer>;
  stat(token: string, path: string, signal: AbortSignal): Promise<SolvedFile>;
  readDirectory(token: string, path: string, signal: AbortSignal): Promise<readonly SolvedFile[]>;
}
