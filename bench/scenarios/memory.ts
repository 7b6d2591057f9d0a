/** memory: what an idle container costs beyond its own process: the engine's growth and the helpers it adds. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { EnginePeer } from '../peers/peer.ts';
import { pssBytes } from '../processes.ts';
import { create, IDLE, removeNow, start } from './containers.ts';
import type { Figures, Scenario } from './scenario.ts';

/** Enough that what one container costs stands out from the engine's own breathing. */
const CONTAINERS = 40;
/** Made and removed first: what the first ones make once is part of the idle engine. */
const BEFORE = 10;
/** Timers and collectors of all these engines come to rest: V8 gives memory back after some eight quiet seconds. */
const REST_MS = 10_000;
/** An engine that works for a moment is not idle: what it holds is weighed a minute after the last of it. */
const IDLE_AFTER_MS = 60_000;
const MIB = 1 << 20;

export const memory: Scenario = {
  name: 'memory',
  title: `memory: ${CONTAINERS} idle containers, proportional set size without the containers' own processes`,
  unit: 'MiB',
  rounds: 1,
  warmUps: 0,
  prepare: async (peer) => {
    if (peer.is === 'runtime') return undefined;
    return { once: (signal) => measure(peer, signal), close: async () => {} };
  },
};

interface Weight {
  readonly bytes: number;
  readonly processes: number;
}
async function weigh(peer: EnginePeer, signal: AbortSignal, restMs = REST_MS): Promise<Weight> {
  await sleep(restMs, undefined, { signal });
  const pids = peer.processes();
  return { bytes: pids.reduce((sum, pid) => sum + pssBytes(pid), 0), processes: pids.length };
}

async function measure(peer: EnginePeer, signal: AbortSignal): Promise<Figures> {
  const ids: string[] = [];
  const fill = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      signal.throwIfAborted();
      const id = await create(peer, IDLE);
      ids.push(id);
      await start(peer, id);
    }
  };
  const empty = async (): Promise<void> => {
    await Promise.all(ids.splice(0).map((id) => removeNow(peer, id)));
  };
  try {
    await fill(BEFORE);
    await empty();
    const before = await weigh(peer, signal);
    await fill(CONTAINERS);
    const busy = await weigh(peer, signal);
    await empty();
    const after = await weigh(peer, signal);
    // A collected heap grows and shrinks by itself: what it does on both sides of the measurement is not the containers'.
    const around = { bytes: (before.bytes + after.bytes) / 2, processes: after.processes };
    const idle = await weigh(peer, signal, IDLE_AFTER_MS);
    return {
      'per container': (busy.bytes - around.bytes) / CONTAINERS / MIB,
      'processes per container': (busy.processes - around.processes) / CONTAINERS,
      'idle engine': idle.bytes / MIB,
      'its processes': idle.processes,
    };
  } finally {
    await empty();
  }
}
