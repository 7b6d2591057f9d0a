/** Builds as people have them today: whole commands of docker's own client, with buildx, on engines that speak as BuildKit does. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseRfc3339 } from '../../src/base/time.ts';
import { runDocker } from '../../test/harness/docker.ts';
import { IMAGE } from '../peers/engine.ts';
import type { EnginePeer, Peer } from '../peers/peer.ts';
import type { Figures, Scenario } from './scenario.ts';

const PEERS = ['gantry', 'dockerd-26'] as const;
const BUILD_TIMEOUT_MS = 10 * 60_000;
const FILE_BYTES = 1024;

/** A directory that is built from, and how. */
interface Work {
  readonly context: string;
  /** @throws when the build fails, or does not say `wanted` */
  build(flags: readonly string[], wanted?: RegExp): Promise<Took>;
  /** Milliseconds of a command of the client that does without an engine: it is in each of the others too. */
  client(): Promise<number>;
  write(path: string, text: string): void;
}

/** Milliseconds. */
interface Took {
  /** Of the whole command. */
  readonly whole: number;
  /** From the first thing that the engine began to the last that it ended: the client's start is not in it, its files are. */
  readonly engine: number;
  /** Of that, without the time in which the client sent its files: it walks through all of them, whoever asks. */
  readonly work: number;
}

interface Rounds {
  readonly name: string;
  readonly title: string;
  readonly rounds: number;
  /** What is built, before the clock runs. */
  readonly prepare: (work: Work) => Promise<void>;
  readonly once: (work: Work, turn: number) => Promise<Figures>;
}

const scenario = ({ name, title, rounds, prepare, once }: Rounds): Scenario => ({
  name,
  title,
  unit: 'ms',
  rounds,
  warmUps: 1,
  networked: true,
  peers: PEERS,
  prepare: async (peer: Peer) => {
    if (peer.is === 'runtime') return undefined;
    const home = mkdtempSync(join(tmpdir(), 'gantry-bench-buildx-'));
    const work = workIn(home, peer);
    await prepare(work);
    let turn = 0;
    return {
      once: async () => ({ ...(await once(work, ++turn)), 'client alone': await work.client() }),
      close: async () => rmSync(home, { recursive: true, force: true }),
    };
  },
});

function workIn(home: string, peer: EnginePeer): Work {
  const context = join(home, basename(home));
  mkdirSync(context);
  const timed = async (argv: readonly string[], wanted = /(?:)/): Promise<Took> => {
    const began = performance.now();
    const ran = await runDocker(peer.host, home, argv, { plugins: true, timeoutMs: BUILD_TIMEOUT_MS });
    const whole = performance.now() - began;
    if (ran.code !== 0 || !wanted.test(saidIn(ran.stderr))) throw new Error(`${peer.name}: ${ran.stderr}`);
    return { whole, ...spansOf(ran.stderr) };
  };
  return {
    context,
    build: (flags, wanted) => timed(['buildx', 'build', '--progress=rawjson', ...flags, context], wanted),
    client: async () => (await timed(['buildx', 'version'])).whole,
    write: (path, text) => writeFileSync(join(context, path), text),
  };
}

interface Vertex {
  readonly name: string;
  readonly started?: string;
  readonly completed?: string;
}

/** What was begun and ended, in milliseconds. */
function spansOf(progress: string): Omit<Took, 'whole'> {
  const told = progress
    .split(/\n(?=\{)/)
    .filter((text) => text.startsWith('{'))
    .flatMap((text) => (JSON.parse(text) as { vertexes?: Vertex[] }).vertexes ?? []);
  const spans = told.flatMap(({ name, started, completed }) =>
    started && completed ? [{ name, from: millisOf(started), to: millisOf(completed) }] : [],
  );
  if (spans.length === 0) return { engine: 0, work: 0 };
  const engine = Math.max(...spans.map(({ to }) => to)) - Math.min(...spans.map(({ from }) => from));
  return { engine, work: engine - covered(spans.filter(({ name }) => SENDS_FILES.test(name))) };
}

const SENDS_FILES = /^\[internal\] load (?:build definition|\.dockerignore|build context)/;

/** RFC 3339 with nanoseconds, as milliseconds. */
const millisOf = (time: string): number => Number(parseRfc3339(time) ?? 0n) / 1e6;

/** How long at least one of them went on. */
function covered(spans: readonly { readonly from: number; readonly to: number }[]): number {
  let [sum, end] = [0, 0];
  for (const { from, to } of spans.toSorted((a, b) => a.from - b.from)) {
    sum += Math.max(0, to - Math.max(from, end));
    end = Math.max(end, to);
  }
  return sum;
}

/** What commands wrote, and what is marked as found. */
const saidIn = (progress: string): string =>
  [...progress.matchAll(/"data": "([^"]+)"/g)]
    .map(([, data = '']) => Buffer.from(data, 'base64').toString())
    .join('') + (progress.includes('"cached": true') ? 'CACHED' : '');

function writeFiles({ context, write }: Work, count: number): void {
  for (let i = 0; i < count; i++) {
    const directory = `files/${i % 100}`;
    if (i < 100) mkdirSync(join(context, directory), { recursive: true });
    write(`${directory}/${i}`, `${i}`.padEnd(FILE_BYTES, '.'));
  }
}

const FILES = 10_000;

/** What did not change is not sent again. */
export const buildContext10k = scenario({
  name: 'build-context-10k',
  title: `build-context-10k: buildx: a context of ${FILES} files is built again with one that changed`,
  rounds: 5,
  prepare: async (work) => {
    writeFiles(work, FILES);
    work.write('Dockerfile', 'FROM scratch\nCOPY files /app\n');
    await work.build([]);
  },
  once: async (work, turn) => {
    work.write('files/7/7', `changed ${turn}`);
    const took = await work.build([]);
    return { total: took.whole, 'in the engine': took.engine, 'without the files': took.work };
  },
});

const COPIED = 1000;

/** The same as the scenario `build`, by buildx. */
export const build5Steps = scenario({
  name: 'build-5-steps',
  title: `build-5-steps: buildx: 5 RUN and a COPY of ${COPIED} files of 1 KiB, without a cache and with one`,
  rounds: 7,
  prepare: async (work) => {
    writeFiles(work, COPIED);
    work.write(
      'Dockerfile',
      `FROM ${IMAGE}
RUN echo one >/one
RUN echo two >/two
RUN mkdir /three
COPY files/ /app/
RUN find /app -type f | wc -l >/four
RUN echo "there are $(cat /four)"
`,
    );
  },
  once: async (work) => {
    const uncached = await work.build(['--no-cache'], new RegExp(`there are ${COPIED}\n`));
    const cached = await work.build([], /CACHED/);
    return {
      uncached: uncached.whole,
      'uncached, in the engine': uncached.engine,
      'uncached, without the files': uncached.work,
      cached: cached.whole,
      'cached, in the engine': cached.engine,
      'cached, without the files': cached.work,
    };
  },
});

const STAGES = 8;
const numbers = Array.from({ length: STAGES }, (_, i) => i);

/** Stages that do not need each other. */
export const build8Stages = scenario({
  name: 'build-8-stages',
  title: `build-8-stages: buildx: ${STAGES} stages side by side, a RUN each, and what they made copied together`,
  rounds: 7,
  prepare: async (work) => {
    const stages = numbers.map((i) => `FROM ${IMAGE} AS stage-${i}\nRUN echo ${i} >/done-${i}\n`);
    const copies = numbers.map((i) => `COPY --from=stage-${i} /done-${i} /\n`);
    work.write('Dockerfile', [...stages, `FROM ${IMAGE}\n`, ...copies].join(''));
  },
  once: async (work) => {
    const took = await work.build(['--no-cache']);
    return { total: took.whole, 'in the engine': took.engine, 'without the files': took.work };
  },
});
