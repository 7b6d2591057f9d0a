/** `moby.buildkit.v1.Control`: building, watching builds, their history, and the cache. */
import type { Engine } from '../../../engine/index.ts';
import { duplexOver } from '../grpc/bytes.ts';
import { type GrpcCall, type Method, many, one, service, talk } from '../grpc/methods.ts';
import {
  BuildHistoryEvent,
  BuildHistoryRequest,
  DiskUsageRequest,
  DiskUsageResponse,
  InfoRequest,
  InfoResponse,
  ListWorkersRequest,
  ListWorkersResponse,
  Nothing,
  PruneRequest,
  SolveRequest,
  SolveResponse,
  StatusRequest,
  StatusResponse,
  UpdateBuildHistoryRequest,
  UsageRecord,
} from '../messages/control.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { Solving } from '../solving/solving.ts';
import { statusOf } from '../solving/tell.ts';
import { LIKE, workerOf } from '../workers.ts';
import { historyEvents } from './history.ts';
import { pruned, usageRecords } from './usage.ts';

/** What the service is made with. */
export interface ControlDeps {
  readonly engine: Pick<Engine, 'builds' | 'networks' | 'system'>;
  readonly sessions: Sessions;
  readonly solving: Solving;
}

/** Its methods. */
export function controlService({ engine, sessions, solving }: ControlDeps): [string, Method][] {
  const { builds } = engine;
  return service('moby.buildkit.v1.Control', {
    Info: one(InfoRequest, InfoResponse, async () => ({ version: LIKE })),
    ListWorkers: one(ListWorkersRequest, ListWorkersResponse, async () => ({
      record: [await workerOf(engine)],
    })),
    Solve: one(SolveRequest, SolveResponse, async (request, { signal }) => ({
      exporterResponse: await solving.solve(request, signal),
    })),
    Status: many(StatusRequest, StatusResponse, async function* ({ ref }, { signal }) {
      for await (const events of builds.history.follow(ref, signal)) yield statusOf(events);
    }),
    Session: talk(async (conversation, { metadata, signal }) => {
      const headers = Object.entries(metadata).map(([name, value]) => [name, listOf(value)] as const);
      await sessions.open(Object.fromEntries(headers)).serve(duplexOver(conversation), signal);
    }),
    DiskUsage: one(DiskUsageRequest, DiskUsageResponse, async ({ filter }) => ({
      record: await usageRecords(builds, filter),
    })),
    Prune: many(PruneRequest, UsageRecord, (request, { signal }) => pruned(builds, request, signal)),
    ListenBuildHistory: many(BuildHistoryRequest, BuildHistoryEvent, (request, { signal }) =>
      historyEvents(builds.history, request, signal),
    ),
    UpdateBuildHistory: one(UpdateBuildHistoryRequest, Nothing, async (update) => {
      await updateHistory(builds, solving, update);
      return {};
    }),
  });
}

/** Headers that came several times, or values that were put together. */
function listOf(value: GrpcCall['metadata'][string]): string[] {
  return [value ?? []].flat().flatMap((each) => each.split(',').map((part) => part.trim()));
}

/** One that goes on is ended when it is removed. @throws NotFound */
async function updateHistory(
  { history }: Engine['builds'],
  solving: Solving,
  {
    ref,
    pinned,
    delete: remove,
    finalize,
  }: { ref: string; pinned: boolean; delete: boolean; finalize: boolean },
): Promise<void> {
  if (remove) {
    if (!solving.end(ref)) await history.forget(ref);
  } else if (!finalize) await history.pin(ref, pinned);
}
