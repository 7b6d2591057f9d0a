/** Networks: containers on bridges, with ports, on users' networks; networks made and removed; containers that join and leave. */
import type { EnginePeer, Peer } from '../peers/peer.ts';
import { create, IDLE, removeNow, start } from './containers.ts';
import { onEngine } from './run.ts';
import type { Figures, Prepared, Scenario } from './scenario.ts';

const NETWORK = 'gantry-bench-net';
const RANGE = { first: 20_000, ports: 10_000 } as const;
const CROWD = 200;

type Host = Readonly<Record<string, unknown>>;
const PORT: Host = { NetworkMode: 'bridge', PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '' }] } };

/** A container's whole life on the default bridge. */
export const bridge: Scenario = lifeOf('bridge', 'on the default bridge', { NetworkMode: 'bridge' });
/** With one published port. */
export const port: Scenario = lifeOf('port', 'with a published port', PORT);
/** On a network that a user made. */
export const user: Scenario = {
  ...lifeOf('user', "on a user's network", { NetworkMode: NETWORK }),
  prepare: (peer) => onNetwork(peer, () => onEngine(peer as EnginePeer, { NetworkMode: NETWORK })),
};

function lifeOf(name: string, where: string, host: Host): Scenario {
  return {
    name,
    title: `${name}: create + start + wait + rm, ${where}`,
    unit: 'ms',
    networked: true,
    rounds: 15,
    warmUps: 3,
    prepare: async (peer) =>
      peer.is === 'runtime' ? undefined : { once: () => onEngine(peer, host), close: async () => {} },
  };
}

const SHORT = { unit: 'ms', networked: true, rounds: 15, warmUps: 3 } as const;

/** A network is made and removed. */
export const network: Scenario = {
  ...SHORT,
  name: 'network',
  title: 'network: create + rm',
  prepare: async (peer) =>
    peer.is === 'runtime' ? undefined : { once: () => madeAndRemoved(peer), close: async () => {} },
};

async function madeAndRemoved({ api }: EnginePeer): Promise<Figures> {
  const begun = performance.now();
  await api.json('POST', '/networks/create', { Name: `${NETWORK}-short`, Driver: 'bridge' });
  const made = performance.now();
  await api.call('DELETE', `/networks/${NETWORK}-short`);
  const end = performance.now();
  return { total: end - begun, create: made - begun, rm: end - made };
}

/** A running container joins a network and leaves it. */
export const connect: Scenario = {
  ...SHORT,
  name: 'connect',
  title: 'connect + disconnect of a running container',
  prepare: (peer) => onNetwork(peer, joinAndLeave, { NetworkMode: 'bridge' }),
};

async function joinAndLeave({ api }: EnginePeer, id: string): Promise<Figures> {
  const begun = performance.now();
  await api.call('POST', `/networks/${NETWORK}/connect`, { Container: id });
  const joined = performance.now();
  await api.call('POST', `/networks/${NETWORK}/disconnect`, { Container: id });
  const end = performance.now();
  return { total: end - begun, connect: joined - begun, disconnect: end - joined };
}

/** Ten thousand ports in a row. The other engines begin a process or a rule for each: minutes. */
export const range: Scenario = {
  ...SHORT,
  name: 'range',
  title: `range: start with ${RANGE.ports} published ports`,
  prepare: async (peer) => {
    if (peer.name !== 'gantry' || peer.is !== 'engine') return undefined;
    return { once: () => startWithRange(peer), close: async () => {} };
  },
};

async function startWithRange(peer: EnginePeer): Promise<Figures> {
  const numbers = Array.from({ length: RANGE.ports }, (_, i) => RANGE.first + i);
  const PortBindings = Object.fromEntries(
    numbers.map((number) => [`${number}/tcp`, [{ HostIp: '127.0.0.1', HostPort: String(number) }]]),
  );
  const id = await create(peer, IDLE, { NetworkMode: 'bridge', PortBindings });
  const begun = performance.now();
  await start(peer, id);
  const total = performance.now() - begun;
  await removeNow(peer, id);
  return { total };
}

/** Many containers on one network: is the last start as fast as the first? */
export const crowd: Scenario = {
  ...SHORT,
  name: 'crowd',
  title: `crowd: start on a network, the first and the last ten of ${CROWD}`,
  rounds: 1,
  warmUps: 0,
  prepare: (peer) => onNetwork(peer, startMany),
};

async function startMany(peer: EnginePeer): Promise<Figures> {
  const ids: string[] = [];
  const took: number[] = [];
  try {
    for (let i = 0; i < CROWD; i++) {
      const id = await create(peer, IDLE, { NetworkMode: NETWORK });
      ids.push(id);
      const begun = performance.now();
      await start(peer, id);
      took.push(performance.now() - begun);
    }
  } finally {
    for (const id of ids) await removeNow(peer, id);
  }
  const median = (some: readonly number[]): number => some.toSorted((a, b) => a - b)[some.length >> 1] ?? 0;
  const [first, last] = [median(took.slice(2, 12)), median(took.slice(-10))];
  return { first, last, 'last to first': last / first };
}

/** With a user's network, and a running container where `host` says how it is made. */
async function onNetwork(
  peer: Peer,
  once: (peer: EnginePeer, id: string) => Promise<Figures>,
  host?: Host,
): Promise<Prepared | undefined> {
  if (peer.is === 'runtime') return undefined;
  await peer.api.json('POST', '/networks/create', { Name: NETWORK, Driver: 'bridge' });
  const id = host === undefined ? '' : await create(peer, IDLE, host);
  if (id !== '') await start(peer, id);
  return {
    once: () => once(peer, id),
    close: async () => {
      if (id !== '') await removeNow(peer, id);
      await peer.api.call('DELETE', `/networks/${NETWORK}`);
    },
  };
}
