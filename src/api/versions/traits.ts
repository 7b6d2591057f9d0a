/** How the front door behaves, where no lens on a document can say it. A step sets a trait for the versions before it. */
import type { OperationName } from '../contract/index.ts';
import type { Manners } from '../contract/manners.ts';

/** All traits, with their values for one version. */
export interface Traits extends Manners {
  /** Below 1.6 the two streams of a container without a terminal came mixed. */
  readonly framing: 'merged' | 'multiplexed';
  /** Whether frames are announced by a content type of their own. */
  readonly framesAnnounced: boolean;
  /** Whether a client that asks to upgrade gets 101. */
  readonly upgradeAnswered: boolean;
  /** How attach by WebSocket sends what a process wrote. */
  readonly webSocketFrames: 'text' | 'binary';
  /** Headers and methods that pages of allowed origins may use. Without methods there is no `OPTIONS` either. */
  readonly allowedHeaders: string;
  readonly allowedMethods: string;
  readonly errorBody: 'text' | 'json';
  /** Operations whose progress was written as text instead of JSON. */
  readonly progressAsText: readonly OperationName[];
  /** Operations that told nothing of their progress: an empty answer at the end, or an error with its status. */
  readonly progressUntold: readonly OperationName[];
  /** Operations that went on when their client had gone. */
  readonly outliveClient: readonly OperationName[];
  /** What stands between two events. */
  readonly eventSeparator: '\n' | '';
  /** The content type of events when the client did not choose one. */
  readonly eventType: 'application/json' | 'application/jsonl';
  /** The form of the times before log lines. */
  readonly logStamp: 'rfc3339' | 'stamp';
  /** How booleans in the query are read; `strict` ones refuse other words with 400. */
  readonly booleans: 'lenient' | 'parsed' | 'strict';
  /** Whether `wait` sends its head before the container ends. */
  readonly waitHeadAtOnce: boolean;
  /** `wait`'s answer to a container that could not be removed: nothing at all. */
  readonly waitSilentOnFailure: boolean;
  /** What a body of `start` means. */
  readonly startBody: 'refused' | 'json' | 'jsonIfTyped' | 'ignored';
  /** Operations that took a body of any content type. */
  readonly untyped: readonly OperationName[];
  /** Operations to which a body that is no JSON was none. */
  readonly unreadableIgnored: readonly OperationName[];
  /** How a body that cannot be read is reported. */
  readonly unreadable: 'wrapped' | 'bare';
  /** Whether detached `exec start` answers 204 instead of 200. */
  readonly detachedStatus: 200 | 204;
  /** How the removal of a network is answered. */
  readonly networkRemovedStatus: 200 | 204;
  /** Whether `version` also tells what `info` knows of limits: its lens then finds info's answer as `info`. */
  readonly versionTellsLimits: boolean;
  /** Whether the inspection of an exec tells the whole container: its lens then finds that answer as `container`. */
  readonly execTellsContainer: boolean;
}

export const newestTraits: Traits = {
  framing: 'multiplexed',
  framesAnnounced: true,
  upgradeAnswered: true,
  webSocketFrames: 'binary',
  allowedHeaders: 'Origin, X-Requested-With, Content-Type, Accept, X-Registry-Auth',
  allowedMethods: 'HEAD, GET, POST, DELETE, PUT, OPTIONS',
  errorBody: 'json',
  progressAsText: [],
  progressUntold: [],
  outliveClient: [],
  eventSeparator: '\n',
  eventType: 'application/jsonl',
  logStamp: 'rfc3339',
  booleans: 'lenient',
  waitHeadAtOnce: true,
  waitSilentOnFailure: false,
  saidAtCreate: [],
  unknownAnchors: 'refused',
  memoryBytesMin: 6 << 20,
  readOnlyIsFlat: false,
  kernelMemory: 'unknown',
  logins: 'sent',
  imageGraph: 'left',
  tags: 'move',
  imageUsers: 'keep',
  removalGraceSeconds: 0,
  paused: 'ends',
  sharedNames: 'apart',
  networkLists: 'plain',
  networkNames: 'unique',
  networkSubnets: 'firstAddress',
  networkConnects: 'any',
  unknownNetworks: 'keptForItsStart',
  layers: 'parallel',
  buildLogins: 'byRegistry',
  quietBuilds: 'idAlone',
  buildBody: 'archive',
  copyType: 'application/x-tar',
  startBody: 'refused',
  untyped: [],
  unreadable: 'wrapped',
  unreadableIgnored: [],
  detachedStatus: 200,
  networkRemovedStatus: 204,
  versionTellsLimits: false,
  execTellsContainer: false,
};
