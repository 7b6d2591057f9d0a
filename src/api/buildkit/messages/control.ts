/** Messages of `moby.buildkit.v1.Control`: solving, what a solve tells, its history, the cache. */
import { bool, bytes, int32, int64, string } from '../wire/field.ts';
import { type Infer, mapOf, message, part, parts, repeated } from '../wire/message.ts';
import {
  BuildKitVersion,
  CacheEntry,
  Definition,
  Status,
  Timestamp,
  WorkerRecord,
  warningFields,
} from './common.ts';

export const DiskUsageRequest = message({ filter: repeated(string(1)) });
export const UsageRecord = message({
  id: string(1),
  mutable: bool(2),
  inUse: bool(3),
  size: int64(4),
  parent: string(5),
  createdAt: part(6, Timestamp),
  lastUsedAt: part(7, Timestamp),
  usageCount: int64(8),
  description: string(9),
  recordType: string(10),
  shared: bool(11),
  parents: repeated(string(12)),
});
export const DiskUsageResponse = message({ record: parts(1, UsageRecord) });
export const PruneRequest = message({
  filter: repeated(string(1)),
  all: bool(2),
  keepDuration: int64(3),
  reservedSpace: int64(4),
  maxUsedSpace: int64(5),
  minFreeSpace: int64(6),
});
/** Such a message. */
export type PruneRequest = Infer<typeof PruneRequest>;

const CacheOptions = message({
  exportRef: string(1),
  importRefs: repeated(string(2)),
  exportAttrs: mapOf(3, string(2)),
  exports: parts(4, CacheEntry),
  imports: parts(5, CacheEntry),
});
export const Exporter = message({ type: string(1), attrs: mapOf(2, string(2)) });
/** Such a message. */
export type Exporter = Infer<typeof Exporter>;
export const SolveRequest = message({
  ref: string(1),
  definition: part(2, Definition),
  exporter: string(3),
  exporterAttrs: mapOf(4, string(2)),
  session: string(5),
  frontend: string(6),
  frontendAttrs: mapOf(7, string(2)),
  cache: part(8, CacheOptions),
  entitlements: repeated(string(9)),
  frontendInputs: mapOf(10, part(2, Definition)),
  internal: bool(11),
  exporters: parts(13, Exporter),
});
/** Such a message. */
export type SolveRequest = Infer<typeof SolveRequest>;
export const SolveResponse = message({ exporterResponse: mapOf(1, string(2)) });

export const StatusRequest = message({ ref: string(1) });
export const Vertex = message({
  digest: string(1),
  inputs: repeated(string(2)),
  name: string(3),
  cached: bool(4),
  started: part(5, Timestamp),
  completed: part(6, Timestamp),
  error: string(7),
});
export const VertexStatus = message({
  id: string(1),
  vertex: string(2),
  name: string(3),
  current: int64(4),
  total: int64(5),
  timestamp: part(6, Timestamp),
  started: part(7, Timestamp),
  completed: part(8, Timestamp),
});
export const VertexLog = message({
  vertex: string(1),
  timestamp: part(2, Timestamp),
  stream: int64(3),
  msg: bytes(4),
});
export const VertexWarning = message({
  vertex: string(1),
  ...warningFields,
});
export const StatusResponse = message({
  vertexes: parts(1, Vertex),
  statuses: parts(2, VertexStatus),
  logs: parts(3, VertexLog),
  warnings: parts(4, VertexWarning),
});
/** Such a message. */
export type StatusResponse = Infer<typeof StatusResponse>;

export const ListWorkersRequest = message({ filter: repeated(string(1)) });
export const ListWorkersResponse = message({ record: parts(1, WorkerRecord) });
export const InfoRequest = message({});
export const InfoResponse = message({ version: part(1, BuildKitVersion) });

export const BuildHistoryRequest = message({
  activeOnly: bool(1),
  ref: string(2),
  earlyExit: bool(3),
  filter: repeated(string(4)),
  limit: int32(5),
});
const Descriptor = message({ mediaType: string(1), digest: string(2), size: int64(3) });
const BuildResultInfo = message({ result: part(1, Descriptor) });
export const BuildHistoryRecord = message({
  ref: string(1),
  frontend: string(2),
  frontendAttrs: mapOf(3, string(2)),
  exporters: parts(4, Exporter),
  error: part(5, Status),
  createdAt: part(6, Timestamp),
  completedAt: part(7, Timestamp),
  exporterResponse: mapOf(9, string(2)),
  result: part(10, BuildResultInfo),
  generation: int32(12),
  pinned: bool(14),
  numCachedSteps: int32(15),
  numTotalSteps: int32(16),
  numCompletedSteps: int32(17),
  numWarnings: int32(19),
});
export const BuildHistoryEvent = message({ type: int32(1), record: part(2, BuildHistoryRecord) });
export const UpdateBuildHistoryRequest = message({
  ref: string(1),
  pinned: bool(2),
  delete: bool(3),
  finalize: bool(4),
});
export const Nothing = message({});
