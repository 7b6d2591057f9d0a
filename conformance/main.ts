/**
 * The conformance runner: `npm run conformance -- [--socket unix:///PATH | --engine gantry|dockerd] [--versions 1.4,1.12-1.20]
 * [--only WORD] [--verbose]`. Each version's documented requests are sent to a living engine, with real containers; statuses,
 * content types, members and texts are held against what the version promised. Without --socket an engine of its own is
 * started. Exit code 1 when anything failed that no reason explains.
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { startDockerd } from '../test/harness/dockerd.ts';
import { startGantry } from '../test/harness/gantry.ts';
import { Api } from '../test/harness/http.ts';
import { NEWEST_MINOR } from './contract.ts';
import { explained } from './differences.ts';
import { lines, table } from './report.ts';
import { checks, type Engine, type Outcome, runVersion } from './run.ts';
import { surroundings } from './surroundings.ts';

/** Says that the network namespace is the runner's own. */
const INSIDE = 'GANTRY_CONFORMANCE_INSIDE';

const { values } = parseArgs({
  options: {
    socket: { type: 'string' },
    engine: { type: 'string', default: 'gantry' },
    versions: { type: 'string' },
    only: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
});

/** `1.4,1.12-1.20` → 4, 12, 13 … 20. */
function minorsIn(text: string): number[] {
  return text.split(',').flatMap((part) => {
    const [first, last = first] = part.split('-').map((version) => Number(/^1\.(\d+)$/.exec(version)?.[1]));
    if (first === undefined || last === undefined || !(first <= last && last <= NEWEST_MINOR))
      throw new Error(`--versions ${text}: not a list such as 1.4,1.12-1.20`);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

/** dockerd's bridge and rules are in a network namespace of their own, and so is what it asks: the whole runner. */
if (values.engine === 'dockerd' && process.env[INSIDE] === undefined) {
  const argv = ['--net', 'sh', '-c', 'ip link set lo up; exec "$0" "$@"', process.execPath];
  const { status } = spawnSync('unshare', [...argv, ...process.execArgv, ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, [INSIDE]: '1' },
  });
  process.exit(status ?? 1);
}

const endings: (() => Promise<void>)[] = [];
const scope = { after: (end: () => Promise<void>) => void endings.unshift(end) };

async function engine(): Promise<Engine & { readonly name: string; readonly oldest: number }> {
  if (values.socket !== undefined) {
    const path = values.socket.replace(/^unix:\/\//, '');
    return { name: values.socket, oldest: 0, api: (version) => new Api(path, version) };
  }
  if (values.engine === 'dockerd') {
    const peer = await startDockerd(scope, { bridge: 'here' });
    if (typeof peer === 'string') throw new Error(peer);
    return { name: 'dockerd', oldest: 12, api: peer.api };
  }
  const own = await startGantry(scope);
  return { name: 'gantry', oldest: 0, api: own.api };
}

const outcomes: Outcome[] = [];
try {
  const asked = await engine();
  const minors = minorsIn(values.versions ?? `1.${asked.oldest}-1.${NEWEST_MINOR}`);
  const here = await surroundings(scope, asked);
  const word = values.only;
  const chosen = checks.filter(
    ({ endpoint, what }) => word === undefined || `${endpoint} ${what}`.includes(word),
  );
  for (const minor of minors) {
    for await (const outcome of runVersion(asked, minor, here, chosen)) {
      outcomes.push(outcome);
      if (values.verbose) console.log(`1.${minor} ${outcome.endpoint}: ${outcome.what}: ${outcome.is}`);
    }
  }
  const isDockerd = values.engine === 'dockerd' && values.socket === undefined;
  const known = (each: Outcome) => each.is === 'failed' && isDockerd && explained(each) !== undefined;
  const told = outcomes.map((each) =>
    known(each) ? { ...each, is: 'skipped' as const, why: explained(each) ?? '' } : each,
  );
  console.log(table(told, minors));
  for (const line of lines(told, 'skipped')) console.log(`skipped: ${line}`);
  for (const line of lines(told, 'failed')) console.log(`FAILED: ${line}`);
  const count = (is: Outcome['is']) => told.filter((each) => each.is === is).length;
  console.log(
    `${asked.name}: ${told.length} checks, ${count('passed')} passed, ${count('skipped')} skipped, ${count('failed')} failed`,
  );
  if (count('failed') > 0) process.exitCode = 1;
} finally {
  for (const end of endings) await end();
}
