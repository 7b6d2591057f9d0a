/** kill: from the request to send SIGKILL until a wait that was there before returns. */
import { setTimeout as sleep } from 'node:timers/promises';
import { create, IDLE, remove, kill as send, start, waitFor } from './containers.ts';
import type { Scenario } from './scenario.ts';

const KILLED = 128 + 9;
/** The wait must have reached the engine before the clock starts. */
const SETTLE_MS = 30;

export const kill: Scenario = {
  name: 'kill',
  title: 'SIGKILL until wait returns',
  unit: 'ms',
  rounds: 25,
  warmUps: 2,
  prepare: async (peer) => {
    if (peer.is === 'runtime') return undefined;
    return {
      once: async () => {
        const id = await create(peer, IDLE);
        await start(peer, id);
        const ended = waitFor(peer, id, KILLED);
        await sleep(SETTLE_MS);
        const began = performance.now();
        await Promise.all([send(peer, id), ended]);
        const total = performance.now() - began;
        await remove(peer, id);
        return { total };
      },
      close: async () => {},
    };
  },
};
