/** dockerode's own tests of several releases, unchanged. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE } from '../harness/image.ts';
import { checkOut, type Outcome, runProgram, type Suite } from './suite.ts';

/** It asks without a version, so that it speaks the newest; the releases differ in what they send, and how. */
const RELEASES = ['v1.2.10', 'v2.0.7', 'v2.2.10', 'v3.3.5', 'v4.0.10'];
/** The mocha of each release's own time does not run on today's Node.js. */
const MOCHA = 'mocha@10';
/** Swarms there are none; plugins come from the internet; BuildKit is refused. */
const LEFT_OUT = new Set(['spec_helper.js', 'swarm.js', 'plugin.js', 'buildkit_test.js']);
const TEST_TIMEOUT_MS = 60_000;

interface Report {
  readonly tests: readonly { readonly fullTitle: string; readonly err: { readonly message?: string } }[];
  readonly pending: readonly { readonly fullTitle: string }[];
}

function outcomesOf({ tests, pending }: Report): Outcome[] {
  const skipped = new Set(pending.map(({ fullTitle }) => fullTitle));
  return tests.map(({ fullTitle: name, err }) => {
    if (skipped.has(name)) return { name, is: 'skipped' };
    if (err.message === undefined) return { name, is: 'passed' };
    return { name, is: 'failed', why: err.message.split('\n')[0] ?? '' };
  });
}

/** Its packages, installed once for each release. */
export function modules(release: string, work: string): string {
  const directory = join(CACHE, `dockerode-${release}`);
  if (existsSync(join(directory, 'node_modules/mocha/package.json'))) return join(directory, 'node_modules');
  mkdirSync(directory, { recursive: true });
  execFileSync('cp', [join(work, 'package.json'), directory]);
  const argv = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error', MOCHA];
  execFileSync('npm', argv, { cwd: directory, stdio: ['ignore', 'ignore', 'inherit'] });
  return join(directory, 'node_modules');
}

/** `checkout`: a clone of dockerode with its tags. */
export const dockerode = (checkout: string): Suite => ({
  client: 'dockerode',
  versions: RELEASES.map((release) => ({ release, api: 'newest' })),
  async run({ release }, host, work) {
    checkOut(checkout, release, work);
    symlinkSync(modules(release, work), join(work, 'node_modules'));
    const files = readdirSync(join(work, 'test')).filter(
      (name) => name.endsWith('.js') && !LEFT_OUT.has(name),
    );
    const report = join(work, 'report.json');
    const log = await runProgram(
      host,
      process.execPath,
      [
        ...['node_modules/mocha/bin/mocha.js', '--exit', '--timeout', String(TEST_TIMEOUT_MS)],
        ...['--reporter', 'json', '--reporter-option', `output=${report}`],
        ...files.map((name) => join('test', name)),
      ],
      { cwd: work, env: { PATH: process.env.PATH, HOME: work } },
    );
    return {
      outcomes: existsSync(report) ? outcomesOf(JSON.parse(readFileSync(report, 'utf8')) as Report) : [],
      log,
    };
  },
});
