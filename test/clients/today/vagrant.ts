/** Vagrant's docker provider: a container of an image and one that is built and linked, through their life. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import type { Outcome } from '../suite.ts';
import { type Client, outcomeOf } from './client.ts';
import { debian13With, runIn } from './root.ts';

const FILES = join(import.meta.dirname, 'vagrant');
/** What is typed, and what must be seen. */
const STEPS: readonly (readonly [line: string, wanted: RegExp])[] = [
  ['up --provider=docker --no-parallel', /Successfully built/],
  ['status', /web +running[\s\S]*built +running/],
  ['docker-logs web', /(?:)/],
  ['docker-run web -- echo once', /web: once/],
  ['reload', /Using cache/],
  ['halt', /built: Stopping container/],
  ['status', /web +stopped[\s\S]*built +stopped/],
  ['up --no-parallel', /web: Starting container/],
  ['destroy -f --no-parallel', /Removing built image/],
  ['status', /web +not created[\s\S]*built +not created/],
];

export const vagrant: Client = {
  name: 'Vagrant 2.3, docker provider',
  async play({ gantry, work }) {
    const root = debian13With(['vagrant', 'docker-cli', 'ca-certificates']);
    cpSync(FILES, work, { recursive: true });
    const outcomes: Outcome[] = [];
    for (const [line, wanted] of STEPS) {
      const ended = await runIn(root, ['vagrant', ...line.split(' ')], {
        socket: gantry.socket,
        work,
        // Its command line builds by the classic builder: the other one's client is not in Debian.
        env: { DOCKER_BUILDKIT: '0', VAGRANT_CHECKPOINT_DISABLE: '1' },
      });
      outcomes.push(outcomeOf(`vagrant ${line}`, ended, wanted));
    }
    return outcomes;
  },
};
