/** start alone: the container was created before, and is removed outside of the clock. */
import { start as begin, create, IDLE, removeNow } from './containers.ts';
import type { Scenario } from './scenario.ts';

export const start: Scenario = {
  name: 'start',
  title: 'start alone',
  unit: 'ms',
  rounds: 25,
  warmUps: 2,
  prepare: async (peer) => {
    if (peer.is === 'runtime') return undefined;
    return {
      once: async () => {
        const id = await create(peer, IDLE);
        const began = performance.now();
        await begin(peer, id);
        const total = performance.now() - began;
        const { State } = await peer.api.json<{ State: { Running: boolean } }>(
          'GET',
          `/containers/${id}/json`,
        );
        if (!State.Running) throw new Error(`${peer.name}: started, but not running`);
        await removeNow(peer, id);
        return { total };
      },
      close: async () => {},
    };
  },
};
