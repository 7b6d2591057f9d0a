/** build: five commands and a thousand copied files, by every engine; then builds twice as large, by those with a daemon. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { EnginePeer, Peer } from '../peers/peer.ts';
import { pssBytes } from '../processes.ts';
import {
  build as buildOf,
  type Context,
  largeFiles,
  manyFiles,
  onlyDockerfile,
  removeBuilt,
} from './contexts.ts';
import type { Figures, Scenario } from './scenario.ts';

const FILES = 1000;
const FILE_BYTES = 1024;

/** As people have it: on the default network. */
export const build: Scenario = {
  name: 'build',
  title: `build: 5 RUN and a COPY of ${FILES} files of 1 KiB, without a cache and with one`,
  unit: 'ms',
  networked: true,
  rounds: 9,
  warmUps: 1,
  prepare: async (peer) => {
    if (peer.is === 'runtime') return undefined;
    const context = manyFiles(fiveCommands(peer), FILES, FILE_BYTES);
    return { once: () => uncachedAndCached(peer, context), close: async () => {} };
  },
};

const fiveCommands = ({ image }: EnginePeer): string => `FROM ${image}
RUN echo one >/one
RUN echo two >/two
RUN mkdir /three
COPY files/ /app/
RUN find /app -type f | wc -l >/four
RUN echo "there are $(cat /four)"
`;

async function uncachedAndCached(peer: EnginePeer, context: Context): Promise<Figures> {
  const uncached = await buildOf(peer, context, true);
  if (!uncached.told.includes(`there are ${FILES}`)) throw new Error(`${peer.name}: files are missing`);
  const cached = await buildOf(peer, context, false);
  if (cached.told.includes('there are 1')) throw new Error(`${peer.name}: the second build used no cache`);
  await removeBuilt(peer, FILES * FILE_BYTES);
  return { uncached: uncached.ms, cached: cached.ms };
}

const COPIES = 'COPY files/ /app/\n';
const STAGES = 8;
const SLEEP_SECONDS = 0.5;

const steps = (count: number): string =>
  Array.from({ length: count / 2 }, (_, i) => `ENV STEP=${i}\nRUN true ${i}\n`).join('');
const sleeping = (i: number): string => `RUN sleep ${SLEEP_SECONDS}; echo ${i} >/done-${i}\n`;
const inARow = (from: string): string =>
  from + Array.from({ length: STAGES }, (_, i) => sleeping(i)).join('');
const sideBySide = (from: string): string =>
  [
    ...Array.from({ length: STAGES }, (_, i) => from.replace('\n', ` AS stage-${i}\n`) + sleeping(i)),
    from,
    ...Array.from({ length: STAGES }, (_, i) => `COPY --from=stage-${i} /done-${i} /\n`),
  ].join('');

/** podman does without a daemon that could grow, and takes minutes. */
const daemonOf = (peer: Peer): EnginePeer | undefined =>
  peer.is === 'engine' && peer.name !== 'podman' ? peer : undefined;

/** Is a build twice as large twice as slow, and no more? Do stages wait for each other? */
export const builds: Scenario = {
  name: 'builds',
  title: `builds: 1 GB, 50,000 files, 100 steps, and half of each; ${STAGES} stages of ${SLEEP_SECONDS} s`,
  unit: 'ms',
  networked: true,
  rounds: 2,
  warmUps: 0,
  prepare: async (anyPeer) => {
    const peer = daemonOf(anyPeer);
    return peer && { once: () => scaling(peer), close: async () => {} };
  },
};

async function scaling(peer: EnginePeer): Promise<Figures> {
  const from = `FROM ${peer.image}\n`;
  const copies = from + COPIES;
  // Nothing is removed: some engines do that after they have answered, and the next build would pay for it.
  const once = async (context: Context): Promise<number> => (await buildOf(peer, context, true)).ms;
  const pair = async (name: string, half: Context, whole: Context): Promise<Figures> => {
    const [before, ms] = [await once(half), await once(whole)];
    return { [name]: ms, [`${name} to half`]: ms / before };
  };
  return {
    ...(await pair('1 GB', largeFiles(copies, 8, 64), largeFiles(copies, 16, 64))),
    ...(await pair('50,000 files', manyFiles(copies, 25_000, 100), manyFiles(copies, 50_000, 100))),
    ...(await pair('100 steps', onlyDockerfile(from + steps(50)), onlyDockerfile(from + steps(100)))),
    ...(await stages(onlyDockerfile(inARow(from)), onlyDockerfile(sideBySide(from)), once)),
  };
}

async function stages(
  row: Context,
  side: Context,
  once: (context: Context) => Promise<number>,
): Promise<Figures> {
  const [inRow, beside] = [await once(row), await once(side)];
  return { 'in a row': inRow, 'side by side': beside, 'side to row': beside / inRow };
}

const LOOK_MS = 100;
const MIB = 1 << 20;

/** What the engine's processes take at most while they build, over what they took before. */
export const buildMemory: Scenario = {
  name: 'build-memory',
  title:
    'build-memory: most memory while a context of 1 GB, and one of 50,000 files, is built; over that before',
  unit: 'MiB',
  networked: true,
  rounds: 1,
  warmUps: 0,
  prepare: async (anyPeer) => {
    const peer = daemonOf(anyPeer);
    return peer && { once: (signal) => growths(peer, signal), close: async () => {} };
  },
};

async function growths(peer: EnginePeer, signal: AbortSignal): Promise<Figures> {
  const copies = `FROM ${peer.image}\n${COPIES}`;
  return {
    '1 GB': await growth(peer, largeFiles(copies, 16, 64), signal),
    '50,000 files': await growth(peer, manyFiles(copies, 50_000, 100), signal),
  };
}

async function growth(peer: EnginePeer, context: Context, signal: AbortSignal): Promise<number> {
  const weigh = (): number => peer.processes().reduce((sum, pid) => sum + pssBytes(pid), 0);
  const before = weigh();
  let most = before;
  let over = false;
  const built = buildOf(peer, context, true).finally(() => (over = true));
  while (!over) {
    most = Math.max(most, weigh());
    await Promise.race([built, sleep(LOOK_MS, undefined, { signal })]);
  }
  await built;
  return (most - before) / MIB;
}
