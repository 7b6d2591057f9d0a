/** What programs ask of Testcontainers for Node, with and without its reaper. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { debianRootfs } from '../harness/debian.ts';
import { runDocker } from '../harness/docker.ts';
import { modulesOf } from './npm-modules.ts';
import { type Outcome, runProgram, type Suite } from './suite.ts';

const RELEASES = ['10.13.2', '12.1.0'];
const HERE = join(import.meta.dirname, 'testcontainers');
const CALLS = join(HERE, 'calls.mjs');
/** The names by which these releases ask for their reaper. */
const REAPERS = ['testcontainers/ryuk:0.5.1', 'testcontainers/ryuk:0.14.0'];
const DOCKERFILE = `FROM reaper-base
COPY ryuk.pl /
EXPOSE 8080
CMD ["perl", "/ryuk.pl"]
`;

const modules = (release: string): string =>
  modulesOf('testcontainers', release, `testcontainers-${release}`);

/** A stand-in under the reaper's names: it speaks as the reaper does, by the socket that is mounted into it. */
async function makeReaper(host: string, work: string): Promise<void> {
  const docker = async (...argv: string[]): Promise<void> => {
    const { code, stderr } = await runDocker(host, work, argv, {
      input: DOCKERFILE,
      env: { DOCKER_BUILDKIT: '0' },
    });
    assert.equal(code, 0, stderr);
  };
  await docker('import', await debianRootfs(), 'reaper-base');
  await docker('build', '-q', ...REAPERS.flatMap((name) => ['-t', name]), '-f', '-', HERE);
}

export const testcontainersCalls: Suite = {
  client: 'calls of Testcontainers',
  versions: RELEASES.map((release) => ({ release, api: 'newest' })),
  async run({ release }, host, work) {
    await makeReaper(host, work);
    const log = await runProgram(host, process.execPath, [CALLS, host.replace('unix://', '')], {
      cwd: work,
      env: { PATH: process.env.PATH, HOME: work, NODE_PATH: modules(release) },
    });
    const last = log.split('\n').find((line) => line.startsWith('[{'));
    return { outcomes: last === undefined ? [] : (JSON.parse(last) as Outcome[]), log };
  },
};
