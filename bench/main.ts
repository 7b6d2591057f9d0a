/**
 * The comparison: `npm run bench -- run exec memory` measures Gantry beside dockerd, podman and bare crun in one run, in
 * turns, with every result verified. All engines run in private directories; nothing of the machine's own is touched.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadSpelled, machineFacts } from './machine.ts';
import { prepareCrun } from './peers/crun.ts';
import { startDockerd, startDockerd26 } from './peers/dockerd.ts';
import { startGantry } from './peers/gantry.ts';
import { NotHere, type Peer } from './peers/peer.ts';
import { startPodman } from './peers/podman.ts';
import { reportScenario } from './report.ts';
import { besideWriter } from './scenarios/beside-writer.ts';
import { build, buildMemory, builds } from './scenarios/build.ts';
import { build5Steps, build8Stages, buildContext10k } from './scenarios/buildx.ts';
import { commit, copy } from './scenarios/copy.ts';
import { exec } from './scenarios/exec.ts';
import { images } from './scenarios/images.ts';
import { kill } from './scenarios/kill.ts';
import { logs } from './scenarios/logs.ts';
import { memory } from './scenarios/memory.ts';
import { names } from './scenarios/names.ts';
import { bridge, connect, crowd, network, port, range, user } from './scenarios/networks.ts';
import { ping } from './scenarios/ping.ts';
import { run } from './scenarios/run.ts';
import type { Figures, Prepared, Scenario } from './scenarios/scenario.ts';
import { start } from './scenarios/start.ts';
import { thousand } from './scenarios/thousand.ts';

const scenarios: Readonly<Record<string, Scenario>> = {
  run,
  exec,
  start,
  kill,
  copy,
  commit,
  images,
  memory,
  logs,
  ping,
  'beside-writer': besideWriter,
  names,
  bridge,
  port,
  user,
  network,
  connect,
  range,
  crowd,
  build,
  builds,
  'build-memory': buildMemory,
  thousand,
  'build-context-10k': buildContext10k,
  'build-5-steps': build5Steps,
  'build-8-stages': build8Stages,
};
type Maker = (directory: string, options: { readonly ownNetwork: boolean }) => Promise<Peer>;
const makers: Readonly<Record<string, Maker>> = {
  gantry: startGantry,
  dockerd: startDockerd,
  'dockerd-26': startDockerd26,
  podman: startPodman,
  crun: prepareCrun,
};
/** Those that all scenarios are about which name none. */
const USUAL = ['gantry', 'dockerd', 'podman', 'crun'];
const USAGE = `usage: npm run bench -- [--rounds N] [--peers a,b] [--json] [SCENARIO...]
scenarios: ${Object.keys(scenarios).join(' ')} (default: all)
peers: ${Object.keys(makers).join(',')} (default: those of the scenario)`;

interface Asked {
  readonly scenarios: readonly Scenario[];
  /** Undefined: those of each scenario. */
  readonly peers: readonly string[] | undefined;
  readonly rounds: number | undefined;
  readonly json: boolean;
}

/** @throws Error with the usage when something is not understood */
function readArguments(argv: readonly string[]): Asked {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      rounds: { type: 'string' },
      peers: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const names = positionals.length > 0 ? positionals : Object.keys(scenarios);
  const peers = values.peers?.split(',');
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  const unknown = [
    ...names.filter((name) => !scenarios[name]),
    ...(peers ?? []).filter((name) => !makers[name]),
  ];
  if (unknown.length > 0) throw new Error(`not known: ${unknown.join(' ')}\n${USAGE}`);
  if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0))
    throw new Error(`not a number of rounds\n${USAGE}`);
  return { scenarios: names.flatMap((name) => scenarios[name] ?? []), peers, rounds, json: values.json };
}

/** Starts the peers that can take part; the others are remembered with the reason. */
async function startPeers(
  names: readonly string[],
  directory: string,
  ownNetwork: boolean,
  closing: AsyncDisposableStack,
) {
  const peers: Peer[] = [];
  const missing = new Map<string, string>();
  for (const name of names) {
    try {
      const peer = await makers[name]?.(join(directory, name), { ownNetwork });
      if (peer === undefined) continue;
      closing.defer(() => peer.close());
      peers.push(peer);
    } catch (error) {
      if (!(error instanceof NotHere)) throw error;
      missing.set(name, error.message);
    }
  }
  return { peers, missing };
}

/** Every peer once a round, a different one first each time, so that no drift of the machine favours one. */
async function measure(scenario: Scenario, peers: readonly Peer[], rounds: number, signal: AbortSignal) {
  const samples = new Map<string, Map<string, number[]>>();
  await using closing = new AsyncDisposableStack();
  const taking: { name: string; prepared: Prepared }[] = [];
  for (const peer of peers) {
    const prepared = await scenario.prepare(peer);
    if (prepared === undefined) continue;
    closing.defer(() => prepared.close());
    taking.push({ name: peer.name, prepared });
    samples.set(peer.name, new Map());
  }
  for (let round = -scenario.warmUps; round < rounds; round++) {
    for (let turn = 0; turn < taking.length; turn++) {
      signal.throwIfAborted();
      const { name, prepared } = taking[
        (turn + round + scenario.warmUps) % taking.length
      ] as (typeof taking)[number];
      const figures = await prepared.once(signal);
      if (round >= 0) keep(samples.get(name), figures);
    }
  }
  return samples;
}

function keep(rows: Map<string, number[]> | undefined, figures: Figures): void {
  for (const [row, value] of Object.entries(figures)) {
    const samples = rows?.get(row);
    if (samples) samples.push(value);
    else rows?.set(row, [value]);
  }
}

/** Measures scenarios that want the same of their peers. */
async function compare(
  asked: Asked,
  names: readonly string[],
  ownNetwork: boolean,
  signal: AbortSignal,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-bench-'));
  await using closing = new AsyncDisposableStack();
  closing.defer(() => rmSync(directory, { recursive: true, force: true }));
  const { peers, missing } = await startPeers(names, directory, ownNetwork, closing);
  const facts = [...machineFacts(), ...peers.map((peer) => `${peer.name} ${peer.version}`)];
  if (!asked.json)
    console.log([...facts, ...[...missing].map(([name, why]) => `${name} is missing: ${why}`)].join('\n'));
  for (const scenario of asked.scenarios) {
    const samples = await measure(scenario, peers, asked.rounds ?? scenario.rounds, signal);
    if (asked.json) {
      const plain = Object.fromEntries([...samples].map(([peer, rows]) => [peer, Object.fromEntries(rows)]));
      console.log(JSON.stringify({ scenario: scenario.name, unit: scenario.unit, facts, samples: plain }));
    } else console.log(reportScenario(scenario, samples, missing));
  }
}

async function main(): Promise<void> {
  const asked = readArguments(process.argv.slice(2));
  if (process.getuid?.() !== 0) throw new Error('the benchmark starts engines: it needs root');
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => interrupted.abort(new Error(`ended by ${signal}`)));
  for (const networked of [false, true])
    for (const usual of [true, false]) {
      const scenarios = asked.scenarios.filter(
        (each) => (each.networked ?? false) === networked && (each.peers === undefined) === usual,
      );
      const names = asked.peers ?? scenarios[0]?.peers ?? USUAL;
      if (scenarios.length > 0) await compare({ ...asked, scenarios }, names, networked, interrupted.signal);
    }
  if (!asked.json) console.log(`\nload at the end ${loadSpelled()}`);
}

await main().catch((error: unknown) => {
  // What failed first, not what failed in taking down after it.
  const cause = error instanceof SuppressedError ? error.suppressed : error;
  console.error(cause instanceof Error ? (process.env.DEBUG ? cause.stack : cause.message) : cause);
  process.exitCode = 1;
});
