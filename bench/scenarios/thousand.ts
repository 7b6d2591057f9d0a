/** thousand: an engine with very many containers is asked about them, and comes back after kill -9. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { EnginePeer } from '../peers/peer.ts';
import { median } from '../statistics.ts';
import { create, IDLE, removeNow, start } from './containers.ts';
import type { Figures, Scenario } from './scenario.ts';

const CONTAINERS = Number(process.env.BENCH_CONTAINERS ?? 1000);
const RUNNING = Number(process.env.BENCH_RUNNING ?? Math.round(CONTAINERS * 0.3));
/** A filter finds one in ten. */
const MARKED = Math.ceil(CONTAINERS / 10);
const PRUNED = 20;
const MAKERS = 4;
const ASKED = 10;
/** What came before must be past, and a watcher of events known to the engine, when the clock starts. */
const SETTLE_MS = 50;

/** podman has no daemon to kill: its figures would be those of a program that starts. */
const TAKING_PART: readonly string[] = ['gantry', 'dockerd'];

export const thousand: Scenario = {
  name: 'thousand',
  title: `thousand: ${CONTAINERS} containers, of which ${RUNNING} run`,
  unit: 'ms',
  rounds: 5,
  warmUps: 1,
  prepare: async (peer) => {
    if (peer.is === 'runtime' || !TAKING_PART.includes(peer.name)) return undefined;
    const filled = await fill(peer);
    return {
      once: () => measure(peer, filled),
      close: () => side(filled.ids, (id) => removeNow(peer, id)),
    };
  },
};

interface Filled {
  readonly ids: readonly string[];
  /** One of those that run. */
  readonly running: string;
}

/** Several at a time. */
async function side<T>(each: Iterable<T>, work: (one: T) => Promise<unknown>): Promise<void> {
  const left = [...each].values();
  const worker = async (): Promise<void> => {
    for (const one of left) await work(one);
  };
  await Promise.all(Array.from({ length: MAKERS }, worker));
}

async function fill(peer: EnginePeer): Promise<Filled> {
  const ids: string[] = [];
  let running = '';
  await side(Array(CONTAINERS).keys(), async (at) => {
    const id = await create(peer, IDLE, { NetworkMode: 'none' }, at < MARKED ? { bench: 'marked' } : {});
    ids.push(id);
    if (at >= RUNNING) return;
    await start(peer, id);
    running = id;
  });
  return { ids, running };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** A daemon lives long: the middle of some in a row. What the first one after its start takes is a row of its own. */
async function usually(work: () => Promise<unknown>): Promise<number> {
  const took: number[] = [];
  while (took.length < ASKED) took.push(await timed(work));
  return median(took);
}

const filters = (by: Readonly<Record<string, readonly string[]>>): string =>
  `filters=${encodeURIComponent(JSON.stringify(by))}`;

async function list({ api, name }: EnginePeer, query: string, wanted: number): Promise<void> {
  const found = await api.json<unknown[]>('GET', `/containers/json?${query}`);
  if (found.length !== wanted) throw new Error(`${name}: lists ${found.length} of ${wanted}`);
}

/** Seconds, as `since` and `until` are given. */
const now = (): string => (Date.now() / 1000).toFixed(3);

async function measure(peer: EnginePeer, { ids, running }: Filled): Promise<Figures> {
  const { api } = peer;
  return {
    'list all': await usually(() => list(peer, 'all=1', CONTAINERS)),
    'list running': await usually(() => list(peer, '', RUNNING)),
    'list by label': await usually(() => list(peer, `all=1&${filters({ label: ['bench=marked'] })}`, MARKED)),
    'list by status': await usually(() =>
      list(peer, `all=1&${filters({ status: ['created'] })}`, CONTAINERS - RUNNING),
    ),
    inspect: await usually(() => api.json('GET', `/containers/${ids[ids.length >> 1]}/json`)),
    ...(await measurePrune(peer)),
    'event to watcher': await measureWatcher(peer, running),
    ...(await measureRestart(peer, running)),
  };
}

/** Prunes what was made for it, and asks for the events of that. */
async function measurePrune(peer: EnginePeer): Promise<Figures> {
  const { api, name } = peer;
  const since = now();
  await side(Array(PRUNED).keys(), () => create(peer, IDLE, { NetworkMode: 'none' }, { bench: 'prune' }));
  const mine = filters({ label: ['bench=prune'] });
  const prune = await timed(async () => {
    const { ContainersDeleted: gone } = await api.json<{ ContainersDeleted: readonly string[] | null }>(
      'POST',
      `/containers/prune?${mine}`,
    );
    if (gone?.length !== PRUNED) throw new Error(`${name}: pruned ${gone?.length} of ${PRUNED}`);
  });
  await sleep(SETTLE_MS); // `until` is told in milliseconds: the last removal must lie before it
  const events = await usually(async () => {
    const { body } = await api.call('GET', `/events?since=${since}&until=${now()}&${mine}`);
    const told = body.toString().split('"Action":"destroy"').length - 1;
    if (told !== PRUNED) throw new Error(`${name}: tells of ${told} removals of ${PRUNED}`);
  });
  return { prune, events };
}

/** From a signal that changes nothing until whoever watches hears of it. */
async function measureWatcher({ api }: EnginePeer, id: string): Promise<number> {
  const watch = api.watch(`/events?${filters({ container: [id], event: ['kill'] })}`, '"Action":"kill"');
  await Promise.race([watch.head, sleep(SETTLE_MS)]);
  await sleep(SETTLE_MS); // some begin their answer with the first event
  let sent: Promise<unknown> | undefined;
  const took = await timed(async () => {
    sent = api.call('POST', `/containers/${id}/kill?signal=CONT`);
    await watch.saw;
  });
  await sent;
  watch.end();
  return took;
}

/** Three restarts, each with one question more: until it answers and lists, until a verb has worked, until all are adopted. */
async function measureRestart(peer: EnginePeer, id: string): Promise<Figures> {
  const { api } = peer;
  const first = await peer.restart();
  const listed = await timed(() => list(peer, '', RUNNING));
  await peer.recovered();
  const second = await peer.restart();
  const stopped = await timed(() => api.call('POST', `/containers/${id}/stop?t=0`));
  await list(peer, '', RUNNING - 1);
  await api.call('POST', `/containers/${id}/start`);
  await peer.recovered();
  const third = await peer.restart();
  const adopted = await timed(() => peer.recovered());
  return {
    'kill -9 to answer': first.answerMs,
    'processor until answer': first.cpuMs,
    'kill -9 to list': first.answerMs + listed,
    'kill -9 to stop': second.answerMs + stopped,
    'kill -9 to all adopted': third.answerMs + adopted,
  };
}
