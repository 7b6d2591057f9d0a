/** beside-writer: what the API's answers take while a container writes as fast as it can, beside what they take while it is paused. */
import { Worker } from 'node:worker_threads';
import type { EnginePeer } from '../peers/peer.ts';
import { create, IDLE, remove, removeNow, start, waitFor } from './containers.ts';
import type { Figures, Scenario } from './scenario.ts';

const WRITER = ['/bin/sh', '-c', `exec yes ${'0123456789'.repeat(10).slice(0, 99)}`];
/** Bounded alike: dockerd's own default fills the disk. */
const LOG_CONFIG = { Type: 'json-file', Config: { 'max-size': '20m', 'max-file': '5' } };
/** What is listed besides the writer. */
const OTHERS = 20;
/** It runs, or has stopped running, before the clock starts: so long its first bytes may take, or its last ones. */
const SETTLE_MS = 200;

/** podman's containers write to a process of their own each: its API knows nothing of them. */
const TAKING_PART: readonly string[] = ['gantry', 'dockerd'];

/** What is asked, and how often in a row. */
const asked = {
  ping: { times: 300, once: ({ api }: EnginePeer) => api.call('GET', '/_ping') },
  inspect: {
    times: 100,
    once: ({ api }: EnginePeer, id: string) => api.call('GET', `/containers/${id}/json`),
  },
  list: { times: 40, once: ({ api }: EnginePeer) => api.call('GET', '/containers/json?all=1') },
  run: { times: 3, once: (peer: EnginePeer) => run(peer) },
} as const;
type Asked = keyof typeof asked;
const ASKED = Object.keys(asked) as Asked[];

export const besideWriter: Scenario = {
  name: 'beside-writer',
  title:
    'the API while a container writes as fast as it can, in ms a call; slower: times what the same takes while it is paused',
  unit: 'ms',
  rounds: 9,
  warmUps: 1,
  prepare: async (peer) => {
    if (peer.is === 'runtime' || !TAKING_PART.includes(peer.name)) return undefined;
    const others: string[] = [];
    while (others.length < OTHERS) others.push(await create(peer, IDLE));
    const writer = await create(peer, WRITER, { NetworkMode: 'none', LogConfig: LOG_CONFIG });
    await start(peer, writer);
    await turn(peer, writer, 'pause');
    return {
      once: () => measure(peer, writer, others[0] ?? ''),
      close: async () => {
        await turn(peer, writer, 'unpause').catch(() => undefined);
        for (const id of [writer, ...others]) await removeNow(peer, id);
      },
    };
  },
};

async function turn({ api }: EnginePeer, id: string, how: 'pause' | 'unpause'): Promise<void> {
  await api.call('POST', `/containers/${id}/${how}`);
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
}

/** Paused, writing, writing to a client who follows, and paused again: a drift of the machine falls on both sides. */
async function measure(peer: EnginePeer, writer: string, id: string): Promise<Figures> {
  const before = await askAll(peer, id);
  await turn(peer, writer, 'unpause');
  const beside = await askAll(peer, id);
  const leave = follow(peer, writer);
  const followed = await askAll(peer, id);
  await leave();
  await turn(peer, writer, 'pause');
  const after = await askAll(peer, id);
  const figures: Record<string, number> = {};
  for (const what of ASKED) {
    const quiet = (before[what] + after[what]) / 2;
    figures[what] = beside[what];
    figures[`${what} slower`] = beside[what] / quiet;
    figures[`${what} slower, followed`] = followed[what] / quiet;
  }
  return figures;
}

async function askAll(peer: EnginePeer, id: string): Promise<Record<Asked, number>> {
  const took: Record<Asked, number> = { ping: 0, inspect: 0, list: 0, run: 0 };
  for (const what of ASKED) {
    const { times, once } = asked[what];
    const began = performance.now();
    for (let left = times; left > 0; left--) await once(peer, id);
    took[what] = (performance.now() - began) / times;
  }
  return took;
}

async function run(peer: EnginePeer): Promise<void> {
  const id = await create(peer, ['/bin/true']);
  await start(peer, id);
  await waitFor(peer, id, 0);
  await remove(peer, id);
}

/** A client who reads whatever comes, until it leaves: in a thread of its own, so that who asks has its own to itself. */
function follow({ api }: EnginePeer, id: string): () => Promise<unknown> {
  const path = `/containers/${id}/logs?follow=1&stdout=1&tail=0`;
  const reader = new Worker(READER, { eval: true, workerData: { socketPath: api.socketPath, path } });
  return () => reader.terminate();
}

const READER = `
  const { workerData } = require('node:worker_threads');
  require('node:http').get({ ...workerData, agent: false }, (response) => response.resume());
`;
