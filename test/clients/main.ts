/**
 * `npm run old-clients -- --docker-py CHECKOUT --dockerode CHECKOUT --ruby CHECKOUT`: the tests that the makers of old clients wrote, unchanged, against a
 * private engine, release after release. `--only RELEASE` runs one, `--engine dockerd` the same on Debian's dockerd,
 * `--logs DIRECTORY` keeps what each printed. `--calls` instead: what programs ask of dockerode and of
 * Testcontainers, by releases from npm.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { dockerApi } from './docker-api.ts';
import { dockerPy } from './docker-py.ts';
import { dockerode } from './dockerode.ts';
import { dockerodeCalls } from './dockerode-calls.ts';
import { dockerodeExamples } from './dockerode-examples.ts';
import { type Kind, startEngine } from './engine.ts';
import type { Outcome, Release, Run, Suite } from './suite.ts';
import { testcontainersCalls } from './testcontainers-calls.ts';

const { values } = parseArgs({
  options: {
    'docker-py': { type: 'string' },
    dockerode: { type: 'string' },
    ruby: { type: 'string' },
    calls: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    engine: { type: 'string', default: 'gantry' },
    logs: { type: 'string' },
  },
});

const MADE = {
  'docker-py': (checkout: string) => [dockerPy(checkout)],
  dockerode: (checkout: string) => [dockerodeExamples(checkout), dockerode(checkout)],
  ruby: (checkout: string) => [dockerApi(checkout)],
} as const;
const NAMES = ['docker-py', 'dockerode', 'ruby'] as const;

/** Those whose checkout is given, or the calls that need none. */
function suites(): Suite[] {
  if (values.calls) return [dockerodeCalls, testcontainersCalls];
  return NAMES.flatMap((name) => {
    const checkout = values[name];
    if (checkout !== undefined) return MADE[name](checkout);
    console.log(`${name}: skipped, no --${name} CHECKOUT (a clone of its repository, with tags)`);
    return [];
  });
}

/** Each release gets an engine of its own: the suites leave containers and images behind. */
async function runOne(suite: Suite, release: Release): Promise<Run | string> {
  const ends: (() => Promise<void> | void)[] = [];
  const work = mkdtempSync(join(tmpdir(), 'gantry-old-clients-'));
  try {
    const engine = await startEngine({ after: (end) => void ends.push(end) }, values.engine as Kind);
    return typeof engine === 'string' ? engine : await suite.run(release, engine.host, work);
  } finally {
    for (const end of ends.reverse()) await end();
    rmSync(work, { recursive: true, force: true });
  }
}

const count = (outcomes: readonly Outcome[], is: Outcome['is']): number =>
  outcomes.filter((each) => each.is === is).length;

for (const suite of suites())
  for (const version of suite.versions) {
    const { release, api } = version;
    if (values.only && !values.only.includes(release)) continue;
    const run = await runOne(suite, version);
    if (typeof run === 'string') {
      console.log(`${suite.client} ${release}: skipped, ${run}`);
      continue;
    }
    const { outcomes, log } = run;
    console.log(
      `${suite.client} ${release} (API ${api}) on ${values.engine}: ${count(outcomes, 'passed')} passed, ${count(outcomes, 'failed')} failed, ${count(outcomes, 'skipped')} skipped`,
    );
    for (const { name, is, why } of outcomes) if (is === 'failed') console.log(`  ${name}: ${why}`);
    if (outcomes.length === 0) console.log(log);
    if (outcomes.length === 0) process.exitCode = 1;
    if (values.logs === undefined) continue;
    mkdirSync(values.logs, { recursive: true });
    writeFileSync(join(values.logs, `${suite.client}-${release}-${values.engine}.log`), log);
  }
