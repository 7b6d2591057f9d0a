/** run: create, start, wait and remove a container without a network; bare crun does the same in one program. */
import type { EnginePeer, RuntimePeer } from '../peers/peer.ts';
import { create, remove, start, waitFor } from './containers.ts';
import type { Figures, Scenario } from './scenario.ts';

/** What the container's program ends with. */
const CODE = 7;
const COMMAND = ['/bin/sh', '-c', `exit ${CODE}`];

export const run: Scenario = {
  name: 'run',
  title: 'run: create + start + wait + rm, network none',
  unit: 'ms',
  rounds: 25,
  warmUps: 3,
  prepare: async (peer) => ({
    once: () => (peer.is === 'engine' ? onEngine(peer) : onRuntime(peer)),
    close: async () => {},
  }),
};

/** The whole life of a container on an engine, in its parts. */
export async function onEngine(peer: EnginePeer, host?: Readonly<Record<string, unknown>>): Promise<Figures> {
  const times = [performance.now()];
  const lap = (): void => void times.push(performance.now());
  const id = await create(peer, COMMAND, host);
  lap();
  await start(peer, id);
  lap();
  await waitFor(peer, id, CODE);
  lap();
  await remove(peer, id);
  lap();
  const [t0 = 0, t1 = 0, t2 = 0, t3 = 0, t4 = 0] = times;
  return { total: t4 - t0, create: t1 - t0, start: t2 - t1, wait: t3 - t2, rm: t4 - t3 };
}

const onRuntime = async (peer: RuntimePeer): Promise<Figures> => ({ total: await peer.run(COMMAND, CODE) });
