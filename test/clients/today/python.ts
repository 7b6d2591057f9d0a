/** Debian 13's python3-docker (7.1), which asks for the newest version by itself: the walk of the older one's tests. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { type Client, outcomeOf } from './client.ts';
import { debian13With, runIn } from './root.ts';

const WALK = join(import.meta.dirname, '../python');
/** The oldest that docker-py 7 speaks, its own, and the newest, which it agrees on with the engine. */
const VERSIONS = ['1.24', '1.30', '1.41', '1.44', '1.55'];

export const python: Client = {
  name: 'python3-docker 7.1',
  async play({ gantry, registry, work }) {
    const root = debian13With(['ansible', 'python3-docker']);
    cpSync(WALK, work, { recursive: true });
    const outcomes = [];
    for (const version of VERSIONS) {
      const argv = ['python3', 'walk.py', '/run/docker.sock', version, registry.host];
      const ended = await runIn(root, argv, { socket: gantry.socket, work });
      outcomes.push(outcomeOf(`the walk at ${version}`, ended, /removes\n$/));
    }
    return outcomes;
  },
};
