/** Ansible's docker modules: a stack that is brought up twice, where the second time changes nothing, and used. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { type Client, outcomeOf } from './client.ts';
import { debian13With, runIn } from './root.ts';

const BOOKS = join(import.meta.dirname, 'ansible');

export const ansible: Client = {
  name: 'Ansible 12, community.docker',
  async play({ gantry, registry, work }) {
    const root = debian13With(['ansible', 'python3-docker']);
    cpSync(BOOKS, work, { recursive: true });
    const book = (name: string) =>
      runIn(root, ['ansible-playbook', '--extra-vars', `registry=${registry.host}`, name], {
        socket: gantry.socket,
        work,
      });
    return [
      outcomeOf('a stack comes up', await book('stack.yml'), /changed=7 .*failed=0/),
      outcomeOf('a second time nothing changes', await book('stack.yml'), /ok=7 +changed=0 .*failed=0/),
      outcomeOf('facts, exec, copy, export, load, removal, prune', await book('use.yml'), /failed=0/),
    ];
  },
};
