/** Messages of `moby.buildkit.v1.frontend.LLBBridge`: what a client asks while its own build function runs. */
import { bool, bytes, int64, string, uint32 } from '../wire/field.ts';
import { type Infer, mapOf, message, part, parts } from '../wire/message.ts';
import {
  CacheEntry,
  Capability,
  Definition,
  Platform,
  SourceOp,
  Status,
  WorkerRecord,
  warningFields,
} from './common.ts';

const Ref = message({ id: string(1), def: part(2, Definition) });
const RefMap = message({ refs: mapOf(1, part(2, Ref)) });
const OldRefMap = message({ refs: mapOf(1, string(2)) });
export const Result = message({
  oldRef: string(1),
  oldRefs: part(2, OldRefMap),
  ref: part(3, Ref),
  refs: part(4, RefMap),
  metadata: mapOf(10, bytes(2)),
});
/** Such a message. */
export type Result = Infer<typeof Result>;

export const BridgeSolveRequest = message({
  definition: part(1, Definition),
  frontend: string(2),
  frontendOpt: mapOf(3, string(2)),
  allowResultReturn: bool(5),
  allowResultArrayRef: bool(6),
  cacheImports: parts(12, CacheEntry),
  frontendInputs: mapOf(13, part(2, Definition)),
  evaluate: bool(14),
});
/** Such a message. */
export type BridgeSolveRequest = Infer<typeof BridgeSolveRequest>;
export const BridgeSolveResponse = message({ ref: string(1), result: part(3, Result) });

export const ReturnRequest = message({ result: part(1, Result), error: part(2, Status) });
export const PongResponse = message({
  frontendCaps: parts(1, Capability),
  llbCaps: parts(2, Capability),
  workers: parts(3, WorkerRecord),
});
export const InputsResponse = message({ definitions: mapOf(1, part(2, Definition)) });
export const ResolveImageConfigRequest = message({
  ref: string(1),
  platform: part(2, Platform),
  resolveMode: string(3),
  logName: string(4),
});
export const ResolveImageConfigResponse = message({ digest: string(1), config: bytes(2), ref: string(3) });
export const ResolveSourceMetaRequest = message({
  source: part(1, SourceOp),
  platform: part(2, Platform),
  logName: string(3),
  resolveMode: string(4),
});
const SourceImage = message({ digest: string(1), config: bytes(2) });
export const ResolveSourceMetaResponse = message({ source: part(1, SourceOp), image: part(2, SourceImage) });

const FileRange = message({ offset: int64(1), length: int64(2) });
export const ReadFileRequest = message({ ref: string(1), path: string(2), range: part(3, FileRange) });
export const ReadFileResponse = message({ data: bytes(1) });
export const ReadDirRequest = message({ ref: string(1), path: string(2), includePattern: string(3) });
/** As the file sync protocol has it. */
const Stat = message({
  path: string(1),
  mode: uint32(2),
  uid: uint32(3),
  gid: uint32(4),
  size: int64(5),
  modTime: int64(6),
  linkname: string(7),
});
export const ReadDirResponse = message({ entries: parts(1, Stat) });
export const StatFileRequest = message({ ref: string(1), path: string(2) });
export const StatFileResponse = message({ stat: part(1, Stat) });
export const EvaluateRequest = message({ ref: string(1) });
export const WarnRequest = message({
  digest: string(1),
  ...warningFields,
});
