/** Containers: today's input → engine call → today's output. */
import { isFailure } from '../../base/failures.ts';
import type { Engine } from '../../engine/index.ts';
import type { CreateRequest } from '../../model/container.ts';
import { containerFailure } from '../../model/failures/container.ts';
import { imageFailure } from '../../model/failures/image.ts';
import { checkMemory, kernelMemoryWarnings, settleAtDoor, settleLimits } from './create.ts';
import type { Call, Handlers } from './handlers.ts';
import { pathStatHeader, requirePath } from './path-stat.ts';
import { refuseOther } from './shared-names.ts';

const TAR = 'application/x-tar';

type Names = Extract<keyof Handlers, `container${string}`>;

export const containers: Handlers<Names> = {
  containerList: ({ query }, { engine, unknownAnchors }) =>
    // The engine of old took a limit below one for none.
    engine.containers.list({
      ...query,
      unknownAnchors,
      limit: query.limit !== undefined && query.limit > 0 ? query.limit : undefined,
    }),

  async containerCreate({ query, body }, call) {
    const { engine, signal, memoryBytesMin, readOnlyIsFlat, kernelMemory } = call;
    if (isEmpty(body)) throw containerFailure.noConfig();
    checkMemory(body.HostConfig ?? {}, memoryBytesMin);
    const { request, warnings } = settleAtDoor(body);
    const created = await engine.containers.create(request, {
      name: query.name,
      platform: query.platform,
      readOnlyIsFlat,
      signal,
    });
    const discarded = kernelMemoryWarnings(body.HostConfig ?? {}, kernelMemory);
    return { ...created, Warnings: [...created.Warnings, ...warnings, ...discarded] };
  },

  async containerInspect({ params, query }, { engine, sharedNames }) {
    const inspected = await engine.containers.inspect(params.name, { size: query.size });
    if (sharedNames === 'refused')
      await refuseOther(engine.images.inspect(params.name), imageFailure.notFound);
    return inspected;
  },

  async containerStart({ params, query, body }, { engine, saidAtCreate: keep, memoryBytesMin }) {
    if (query.checkpoint !== undefined) throw containerFailure.noCheckpoints();
    checkMemory(body, memoryBytesMin);
    const hostConfig =
      Object.keys(body).length > 0 ? settleAtDoor({ HostConfig: body }).request.HostConfig : undefined;
    await engine.containers.start(params.name, { hostConfig, keep });
  },

  async containerStop({ params, query }, call) {
    await letGoOn('stop', params.name, call);
    await call.engine.containers.stop(params.name, { signal: query.signal, timeoutSeconds: query.t });
  },

  containerRestart: ({ params, query }, { engine }) =>
    engine.containers.restart(params.name, { signal: query.signal, timeoutSeconds: query.t }),

  async containerKill({ params, query }, call) {
    await letGoOn('kill', params.name, call);
    await call.engine.containers.kill(params.name, { signal: query.signal });
  },

  containerPause: ({ params }, { engine }) => engine.containers.pause(params.name),

  containerUnpause: ({ params }, { engine }) => engine.containers.unpause(params.name),

  containerWait: ({ params, query }, { engine, signal }) =>
    engine.containers.wait(params.name, { condition: conditionOf(query.condition), signal }),

  async containerRename({ params, query }, { engine }) {
    if (query.name === undefined) throw containerFailure.namesEmpty();
    await engine.containers.rename(params.name, query.name);
  },

  async containerUpdate({ params, body }, { engine, memoryBytesMin, kernelMemory }) {
    checkMemory(body, memoryBytesMin);
    const { Warnings } = await engine.containers.update(params.name, settleLimits(body));
    return { Warnings: [...Warnings, ...kernelMemoryWarnings(body, kernelMemory)] };
  },

  containerResize: ({ params, query }, { engine }) =>
    engine.containers.resize(params.name, { rows: query.h, columns: query.w }),

  async containerDelete({ params, query }, { engine, removalGraceSeconds }) {
    const { v: volumes, force, link } = query;
    if (force && !link && removalGraceSeconds > 0) await letEnd(params.name, removalGraceSeconds, engine);
    await engine.containers.remove(params.name, { force, volumes, link });
  },

  async containerTop({ params, query }, { engine }) {
    const { titles, rows } = await engine.containers.top(params.name, query.ps_args);
    return { Titles: titles, Processes: rows };
  },

  async containerStats({ params, query }, { engine, signal }) {
    // The newest engines take one-shot with a stream for a plain stream.
    const oneShot = query['one-shot'] && !query.stream;
    return engine.containers.stats(params.name, { stream: query.stream, oneShot, signal });
  },

  containerPrune: ({ query }, { engine, signal }) => engine.containers.prune(query.filters, signal),

  containerAttachWebSocket: ({ params, query }, { engine }) => engine.containers.attach(params.name, query),

  containerAttach: ({ params, query }, { engine }) => engine.containers.attach(params.name, query),

  async containerArchiveInfo({ params, query }, { engine }) {
    const stat = await engine.containers.statPath(params.name, requirePath(query.path));
    return { archive: undefined, contentType: TAR, headers: pathStatHeader(stat) };
  },

  async containerArchive({ params, query }, { engine, signal }) {
    const { stat, archive } = await engine.containers.getArchive(params.name, requirePath(query.path), {
      signal,
    });
    return { archive, contentType: TAR, headers: pathStatHeader(stat) };
  },

  async containerPutArchive({ params, query }, { engine, signal, bytes }) {
    const { path, ...options } = query;
    await engine.containers.putArchive(params.name, requirePath(path), bytes, { ...options, signal });
  },

  async containerCopy({ params, body }, { engine, signal, copyType }) {
    if (!body.Resource) throw containerFailure.copiesNothing();
    const archive = await engine.containers.copy(params.name, body.Resource, { signal });
    return { archive, contentType: copyType, headers: {} };
  },

  async containerExport({ params }, { engine, signal }) {
    const archive = await engine.containers.export(params.name, { signal });
    return { archive, contentType: 'application/octet-stream', headers: {} };
  },

  async containerChanges({ params }, { engine }) {
    const changes = await engine.containers.changes(params.name);
    return changes.length > 0 ? changes : null;
  },

  containerCommit: ({ query, body }, { engine, signal }) =>
    engine.containers.commit(query.container ?? '', {
      ...query,
      comment: query.comment ?? '',
      author: query.author ?? '',
      config: Object.keys(body).length > 0 ? body : undefined,
      signal,
    }),

  async containerLogs({ params, query }, { engine, signal }) {
    if (!query.stdout && !query.stderr) throw containerFailure.noStream();
    return engine.containers.logs(params.name, { ...query, tail: tailOf(query.tail), signal });
  },
};

function isEmpty({ HostConfig: _host, NetworkingConfig: _networks, ...config }: CreateRequest): boolean {
  return Object.keys(config).length === 0;
}

function conditionOf(said: string | undefined): 'not-running' | 'next-exit' | 'removed' {
  if (said === undefined) return 'not-running';
  if (said === 'not-running' || said === 'next-exit' || said === 'removed') return said;
  throw containerFailure.waitConditionInvalid({ condition: said });
}

/** `all`, and whatever is no number, means everything: so did the first engine. */
function tailOf(said: string | undefined): number | undefined {
  return said !== undefined && /^\d{1,15}$/.test(said) ? Number(said) : undefined;
}

/** Clients of versions that ended no paused container are told to let it go on. @throws Failed */
async function letGoOn(verb: 'stop' | 'kill', name: string, { engine, paused }: Call): Promise<void> {
  if (paused === 'ends') return;
  const inspected = await engine.containers.inspect(name, { size: false }).catch((error: unknown) => {
    // The verb itself says in its own way that there is none.
    if (!isFailure(error, containerFailure.notFound)) throw error;
  });
  if (inspected?.State.Paused) throw containerFailure.endPaused({ verb, name, id: inspected.Id });
}

/** Below 1.14 what is removed by force was stopped first. What does not run, or is not there, is the removal's own matter. */
async function letEnd(name: string, timeoutSeconds: number, engine: Engine): Promise<void> {
  try {
    await engine.containers.stop(name, { signal: undefined, timeoutSeconds });
  } catch (error) {
    if (!isFailure(error, containerFailure.alreadyStopped) && !isFailure(error, containerFailure.notFound))
      throw error;
  }
}
