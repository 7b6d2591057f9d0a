/** thousand: an engine with very many containers is asked about them, and comes back after kill -9. */
import type { EnginePeer } from '../peers/peer.ts';
import { create, IDLE, removeNow, start } from './containers.ts';
import type { Figures, Scenario } from './scenario.ts';

const CONTAINERS = Number(process.env.BENCH_CONTAINERS ?? 1000);
/** Of each thousand. A start takes dockerd a third of a second and more. */
const RUNNING: Readonly<Record<string, number>> = { gantry: 0.3, dockerd: 0.1 };
const PRUNED = 20;
const MAKERS = 4;

export const thousand: Scenario = {
  name: 'thousand',
  title: `thousand: ${CONTAINERS} containers, of which ${Object.entries(RUNNING)
    .map(([name, share]) => `${Math.round(share * CONTAINERS)} run (${name})`)
    .join(', ')}`,
  unit: 'ms',
  rounds: 5,
  warmUps: 1,
  prepare: async (peer) => {
    const share = RUNNING[peer.name];
    if (peer.is === 'runtime' || share === undefined) return undefined;
    const ids = await fill(peer, Math.round(share * CONTAINERS));
    return {
      once: () => measure(peer, ids, Math.round(share * CONTAINERS)),
      close: async () => {
        for (const id of ids) await removeNow(peer, id);
      },
    };
  },
};

async function fill(peer: EnginePeer, running: number): Promise<string[]> {
  const ids: string[] = [];
  const left = Array.from({ length: CONTAINERS }, (_, at) => at).values();
  const make = async (): Promise<void> => {
    for (const at of left) {
      const id = await create(peer, IDLE);
      ids.push(id);
      if (at < running) await start(peer, id);
    }
  };
  await Promise.all(Array.from({ length: MAKERS }, make));
  return ids;
}

const createLabelled = ({ api, image: Image }: EnginePeer) =>
  api.call('POST', '/containers/create', { Image, Cmd: IDLE, Labels: { bench: 'prune' } });

async function measure(peer: EnginePeer, ids: readonly string[], running: number): Promise<Figures> {
  const { api } = peer;
  const timed = async (work: () => Promise<unknown>): Promise<number> => {
    const began = performance.now();
    await work();
    return performance.now() - began;
  };
  const list = async (query: string, wanted: number): Promise<void> => {
    const found = await api.json<unknown[]>('GET', `/containers/json${query}`);
    if (found.length !== wanted) throw new Error(`${peer.name}: lists ${found.length} of ${wanted}`);
  };
  const figures: Record<string, number> = {
    'list all': await timed(() => list('?all=1', CONTAINERS)),
    'list running': await timed(() => list('', running)),
    inspect: await timed(() => api.json('GET', `/containers/${ids[ids.length >> 1]}/json`)),
    events: await timed(() => api.call('GET', `/events?since=0&until=${Math.floor(Date.now() / 1000)}`)),
  };
  for (let i = 0; i < PRUNED; i++) await createLabelled(peer);
  const filters = encodeURIComponent(JSON.stringify({ label: ['bench=prune'] }));
  figures.prune = await timed(() => api.call('POST', `/containers/prune?filters=${filters}`));
  figures['kill -9 to answer'] = await peer.restart();
  figures['kill -9 to list'] = figures['kill -9 to answer'] + (await timed(() => list('', running)));
  return figures;
}
