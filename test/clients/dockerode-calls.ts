/** What programs ask of dockerode, in releases from 2014 to now, at several versions of the API each. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE } from '../harness/image.ts';
import { type Outcome, runProgram, type Suite } from './suite.ts';

const RELEASES = ['2.0.7', '2.2.10', '3.2.1', '5.0.1'];
const CALLS = join(import.meta.dirname, 'dockerode/calls.cjs');

/** The release and its packages, installed once. */
function modules(release: string): string {
  const directory = join(CACHE, `dockerode-calls-${release}`);
  const packages = join(directory, 'node_modules');
  if (existsSync(join(packages, 'dockerode/package.json'))) return packages;
  mkdirSync(directory, { recursive: true });
  const argv = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  execFileSync('npm', [...argv, '--prefix', directory, `dockerode@${release}`], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return packages;
}

export const dockerodeCalls: Suite = {
  client: 'calls of dockerode',
  versions: RELEASES.map((release) => ({ release, api: '1.4, 1.12, 1.18, 1.24, newest' })),
  async run({ release }, host, work) {
    const log = await runProgram(host, process.execPath, [CALLS, host.replace('unix://', '')], {
      cwd: work,
      env: { PATH: process.env.PATH, HOME: work, NODE_PATH: modules(release) },
    });
    const last = log.split('\n').find((line) => line.startsWith('[{'));
    return { outcomes: last === undefined ? [] : (JSON.parse(last) as Outcome[]), log };
  },
};
