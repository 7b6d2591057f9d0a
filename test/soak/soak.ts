/**
 * The soak: everything that clients do, mixed by chance for as long as is asked for, on two engines. The daemon of one is
 * killed −9 every half minute (now and then its keeper); that of the other lives through it all, so that its memory at
 * the end can be compared with what it had when it was warm.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { randomFrom } from '../crash/workload.ts';
import { FakeRegistry } from '../harness/fake-registry.ts';
import { busyboxRootfs } from '../harness/image.ts';
import { file, tarOf } from '../harness/layered.ts';
import { SoakedEngine } from './engine.ts';
import { descriptors, median, residentMiB } from './measures.ts';

const CLIENTS = 3;
const SAMPLE_MS = 1000;
const MINUTE_MS = 60_000;

/** How long it goes on, and what it draws its chances from. */
export interface SoakOptions {
  readonly seconds: number;
  readonly killEverySeconds: number;
  readonly seed: number;
  readonly say: (line: string) => void;
}

/** Memory early and late, in MiB, of daemons that are alike. */
interface Grown {
  readonly early: number;
  readonly late: number;
  readonly most: number;
}

/** What a soak has seen. */
export interface SoakVerdict {
  readonly operations: ReadonlyMap<string, number>;
  readonly kills: { daemon: number; keeper: number };
  readonly wrongCodes: readonly string[];
  readonly wrongStreams: readonly string[];
  readonly lostBytes: number;
  readonly readBytes: number;
  readonly leaks: readonly string[];
  /** Of daemons that are killed: at one age, in the first tenth of the time and in the last. */
  readonly killed: Grown;
  /** Of the daemon that lives on: at minute 5 (a soak of less than 15 minutes: after a third of it), and at the end. */
  readonly living: Grown;
}

interface Sample {
  readonly atMs: number;
  readonly mib: number;
}

/** Runs it. What is wrong is told, not thrown. */
export async function runSoak(options: SoakOptions): Promise<SoakVerdict> {
  await using registry = await openRegistry();
  const engines = [
    new SoakedEngine('killed', registry.host),
    new SoakedEngine('living', registry.host),
  ] as const;
  const leaks: string[] = [];
  const broken: string[] = [];
  const kills = { daemon: 0, keeper: 0 };
  const samples: readonly [Sample[], Sample[]] = [[], []];
  try {
    await Promise.all(engines.map((engine) => engine.start()));
    const began = performance.now();
    const passed = () => performance.now() - began;
    const isOver = () => passed() >= options.seconds * 1000;
    await Promise.all([
      engines[0].run(CLIENTS, options.seed + 100, isOver),
      engines[1].run(CLIENTS, options.seed + 200, isOver),
      killNowAndThen(engines[0], options, kills, (mib) => samples[0].push({ atMs: passed(), mib }), isOver),
      watch(engines, options, kills, (mib) => samples[1].push({ atMs: passed(), mib }), isOver),
    ]);
  } catch (error) {
    broken.push(`the soak ended early: ${error instanceof Error ? error.stack : error}`);
  } finally {
    leaks.push(...(await Promise.all(engines.map((engine) => engine.end()))).flat());
  }
  const sum = summed(engines);
  const wrongCodes = [...broken, ...sum.wrongCodes];
  return { kills, leaks, ...sum, wrongCodes, ...grown(samples, options.seconds * 1000) };
}

async function openRegistry(): Promise<FakeRegistry> {
  const registry = await FakeRegistry.start({ after: () => undefined });
  const base = readFileSync(busyboxRootfs());
  const travel = (layer: Buffer) => gzipSync(layer);
  const names = ['killed', 'living'].flatMap((name) =>
    Array.from({ length: CLIENTS + 1 }, (_, index) => `${name}${index}`),
  );
  for (let number = 0; number < 10; number++) {
    const layers = [base, tarOf([file('number', String(number))])];
    for (const name of names) registry.putImage(name, String(number), { layers, travel });
  }
  return registry;
}

/** Kills by chance around the time that is asked for; tells what the daemon has at two thirds of that age. */
async function killNowAndThen(
  engine: SoakedEngine,
  { killEverySeconds, seed }: SoakOptions,
  kills: { daemon: number; keeper: number },
  tell: (mib: number) => void,
  isOver: () => boolean,
): Promise<void> {
  const random = randomFrom(seed);
  const everyMs = killEverySeconds * 1000;
  const until = async (ms: number) => {
    const deadline = performance.now() + ms;
    while (!isOver() && performance.now() < deadline)
      await pause(Math.min(200, deadline - performance.now() + 1));
  };
  while (!isOver()) {
    const lives = everyMs * (2 / 3 + (random() * 2) / 3);
    await until((everyMs * 2) / 3);
    tell(residentMiB(engine.gantry) ?? 0);
    await until(lives - (everyMs * 2) / 3);
    if (isOver()) return;
    engine.look();
    if (random() < 0.2) {
      killKeeper(engine);
      kills.keeper += 1;
    } else {
      await engine.life.killDaemon(random() * 1500);
      kills.daemon += 1;
    }
  }
}

function killKeeper({ gantry }: SoakedEngine): void {
  const keeper = Number(readFileSync(`${gantry.execRoot}/keeper`, 'utf8').split(' ')[0]);
  process.kill(keeper, 'SIGKILL');
}

/** Samples the living daemon's memory, and says each minute how things are. */
async function watch(
  engines: readonly [SoakedEngine, SoakedEngine],
  { say }: SoakOptions,
  kills: { daemon: number; keeper: number },
  tell: (mib: number) => void,
  isOver: () => boolean,
): Promise<void> {
  const [killed, living] = engines;
  let said = performance.now();
  let told = 0;
  for (let minute = 1; !isOver(); ) {
    await pause(SAMPLE_MS);
    const mib = residentMiB(living.gantry) ?? 0;
    tell(mib);
    living.look();
    if (performance.now() - said < MINUTE_MS) continue;
    said += MINUTE_MS;
    const { operations, wrongCodes, wrongStreams } = summed(engines);
    const wrong = [...wrongCodes, ...wrongStreams];
    if (wrong.length > told) say(`wrong so far:\n  ${wrong.join('\n  ')}`);
    told = wrong.length;
    const total = [...operations.values()].reduce((sum, count) => sum + count, 0);
    const { length } = (await living.gantry.api().get('/containers/json?all=1')).json<unknown[]>();
    const age = ((performance.now() - killed.life.bornAt) / 1000).toFixed(0);
    const now = residentMiB(killed.gantry)?.toFixed(0) ?? 'no';
    say(
      `minute ${minute++}: living ${mib.toFixed(0)} MiB, ${descriptors(living.gantry)} descriptors, ${length} containers; killed ${now} MiB at ${age} s; ${total} operations, ${kills.daemon}+${kills.keeper} kills, ${wrongCodes.length} wrong codes, ${wrongStreams.length} wrong streams`,
    );
  }
}

function summed(engines: readonly SoakedEngine[]) {
  const operations = new Map<string, number>();
  for (const { ledger } of engines)
    for (const [kind, count] of ledger.operations) operations.set(kind, (operations.get(kind) ?? 0) + count);
  const ledgers = engines.map(({ ledger }) => ledger);
  const sum = (of: 'lostBytes' | 'readBytes') => ledgers.reduce((total, ledger) => total + ledger[of], 0);
  return {
    operations,
    wrongCodes: ledgers.flatMap(({ wrongCodes }) => wrongCodes),
    wrongStreams: ledgers.flatMap(({ wrongStreams }) => wrongStreams),
    lostBytes: sum('lostBytes'),
    readBytes: sum('readBytes'),
  };
}

function grown([killed, living]: readonly [readonly Sample[], readonly Sample[]], totalMs: number) {
  const between = (samples: readonly Sample[], from: number, to: number) =>
    median(samples.filter(({ atMs }) => atMs >= from && atMs < to).map(({ mib }) => mib));
  const most = (samples: readonly Sample[]) => Math.max(0, ...samples.map(({ mib }) => mib));
  const tenth = Math.max(totalMs / 10, Math.min(totalMs / 3, 5 * MINUTE_MS));
  const warm = Math.min(5 * MINUTE_MS, totalMs / 3);
  const window = Math.min(MINUTE_MS, totalMs / 10);
  return {
    killed: {
      early: between(killed, 0, tenth),
      late: between(killed, totalMs - tenth, Number.POSITIVE_INFINITY),
      most: most(killed),
    },
    living: {
      early: between(living, warm - window / 2, warm + window / 2),
      late: between(living, totalMs - window, Number.POSITIVE_INFINITY),
      most: most(living),
    },
  };
}
