/** `moby.buildkit.v1.frontend.LLBBridge`: what a client's own build function asks while its build goes on. */
import type { IncomingHttpHeaders } from 'node:http2';
import type { Engine, Solved, SolvedFile } from '../../../engine/index.ts';
import { solveFailure } from '../../../model/failures/solve.ts';
import { unsupportedQuestion } from '../failure.ts';
import { detailsOf } from '../grpc/details.ts';
import { type GrpcCall, type Method, one, service, talk } from '../grpc/methods.ts';
import { Code, GrpcError } from '../grpc/status.ts';
import { Nothing } from '../messages/control.ts';
import {
  BridgeSolveRequest,
  BridgeSolveResponse,
  EvaluateRequest,
  InputsResponse,
  PongResponse,
  ReadDirRequest,
  ReadDirResponse,
  ReadFileRequest,
  ReadFileResponse,
  ResolveImageConfigRequest,
  ResolveImageConfigResponse,
  ResolveSourceMetaRequest,
  ResolveSourceMetaResponse,
  type Result,
  ReturnRequest,
  StatFileRequest,
  StatFileResponse,
  WarnRequest,
} from '../messages/gateway.ts';
import type { BridgeBuild } from '../solving/bridge-build.ts';
import { definitionOf } from '../solving/definitions.ts';
import type { Solving } from '../solving/solving.ts';
import { FRONTEND_CAPABILITIES, GRAPH_CAPABILITIES, workerOf } from '../workers.ts';
import { imageConfig } from './image-config.ts';
import { resultOf, tokensOf } from './result.ts';

/** What the service is made with. */
export interface BridgeDeps {
  readonly engine: Pick<Engine, 'images' | 'networks' | 'system'>;
  readonly solving: Solving;
}

const BUILD_ID = 'buildkit-controlapi-buildid';
/** As much of a file as a message may be. */
const FILE_BYTES_MAX = 15 << 20;

/** Its methods. */
export function bridgeService({ engine, solving }: BridgeDeps): [string, Method][] {
  const build = ({ metadata, signal }: GrpcCall): Promise<BridgeBuild> =>
    solving.bridge(buildIdIn(metadata), signal);
  return service('moby.buildkit.v1.frontend.LLBBridge', {
    Ping: one(Nothing, PongResponse, async () => ({
      frontendCaps: FRONTEND_CAPABILITIES,
      llbCaps: GRAPH_CAPABILITIES,
      workers: [await workerOf(engine)],
    })),
    Solve: one(BridgeSolveRequest, BridgeSolveResponse, async (request, call) =>
      solved(await build(call), request),
    ),
    Return: one(ReturnRequest, Nothing, async ({ result, error }, call) => {
      const returned = await build(call);
      if (error) returned.return({ failure: new GrpcError(error.code, error.message, detailsOf(error)) });
      else returned.return({ tokens: tokensOf(result) });
      return {};
    }),
    Evaluate: one(EvaluateRequest, Nothing, async (_request, call) => {
      await build(call); // what is solved is made
      return {};
    }),
    Inputs: one(Nothing, InputsResponse, async (_request, call) => {
      await build(call);
      return {};
    }),
    ReadFile: one(ReadFileRequest, ReadFileResponse, async ({ ref, path, range }, call) => {
      const { solves } = await build(call);
      const data = await solves.readFile(ref, path, { most: FILE_BYTES_MAX, signal: call.signal });
      if (range === undefined) return { data };
      const end = range.length > 0 ? range.offset + range.length : data.length;
      return { data: data.subarray(range.offset, end) };
    }),
    ReadDir: one(ReadDirRequest, ReadDirResponse, async ({ ref, path }, call) => {
      const { solves } = await build(call);
      const entries = await solves.readDirectory(ref, path, call.signal);
      return { entries: entries.map(statOf) };
    }),
    StatFile: one(StatFileRequest, StatFileResponse, async ({ ref, path }, call) => {
      const { solves } = await build(call);
      return { stat: statOf(await solves.stat(ref, path, call.signal)) };
    }),
    ResolveImageConfig: one(
      ResolveImageConfigRequest,
      ResolveImageConfigResponse,
      async ({ ref, platform }) => ({ ...(await imageConfig(engine.images, ref, platform)), ref }),
    ),
    ResolveSourceMeta: one(
      ResolveSourceMetaRequest,
      ResolveSourceMetaResponse,
      async ({ source, platform }) => {
        const [, ref] = /^docker-image:\/\/(.+)$/.exec(source?.identifier ?? '') ?? [];
        if (ref === undefined) return { source };
        return { source, image: await imageConfig(engine.images, ref, platform) };
      },
    ),
    Warn: one(WarnRequest, Nothing, async (warning, call) => {
      await (await build(call)).warn(warning);
      return {};
    }),
    NewContainer: one(Nothing, Nothing, async () => noContainers()),
    ReleaseContainer: one(Nothing, Nothing, async () => noContainers()),
    ExecProcess: talk(async () => noContainers()),
  });
}

function noContainers(): never {
  throw new GrpcError(
    Code.unimplemented,
    'containers of a build function are not run by this engine: run the image that was built',
  );
}

const buildIdIn = (metadata: IncomingHttpHeaders): string => String(metadata[BUILD_ID] ?? '');

/** What is solved: a frontend's build, or the files of a source. */
async function solved(
  build: BridgeBuild,
  request: BridgeSolveRequest,
): Promise<{ readonly ref?: string; readonly result?: Result }> {
  const { frontend, frontendOpt, frontendInputs, cacheImports, definition } = request;
  if (frontend === '') {
    if (!definition || definition.def.length === 0) return {};
    return resultOf(await build.open(definition), request, definitionOf);
  }
  const question = frontendOpt.get('requestid');
  const made: Solved = await build
    .solve({
      frontend,
      attributes: frontendOpt,
      inputs: frontendInputs,
      cacheFrom: cacheImports.map(({ type, attrs }) => ({ type, attributes: Object.fromEntries(attrs) })),
    })
    .catch((error: unknown) => {
      if (question !== undefined && isUnknownQuestion(error)) throw unsupportedQuestion(question);
      throw error;
    });
  return resultOf(made, request, definitionOf);
}

const isUnknownQuestion = (error: unknown): boolean =>
  (error as { code?: unknown }).code === solveFailure.questionUnknown.code;

const statOf = ({ path, mode, uid, gid, size, mtimeNanos, linkname }: SolvedFile) => ({
  ...{ path, mode, uid, gid, size, linkname },
  modTime: Number(mtimeNanos),
});
