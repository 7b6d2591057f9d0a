/** What programs ask of dockerode, in releases from 2014 to now, at several versions of the API each. */
import { join } from 'node:path';
import { modulesOf } from './npm-modules.ts';
import { type Outcome, runProgram, type Suite } from './suite.ts';

const RELEASES = ['2.0.7', '2.2.10', '3.2.1', '5.0.1'];
const CALLS = join(import.meta.dirname, 'dockerode/calls.cjs');

const modules = (release: string): string => modulesOf('dockerode', release, `dockerode-calls-${release}`);

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
