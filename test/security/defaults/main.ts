/** `npm run defaults`: what a plain container is given, by Gantry, by Debian 13's dockerd and by this machine's podman. */
import { ofDockerd, ofGantry, ofPodman } from './engines.ts';
import { defaultsTable, mountsTable } from './table.ts';

const ends: (() => Promise<void>)[] = [];
const scope = { after: (end: () => Promise<void>) => void ends.push(end) };
try {
  const columns = [await ofGantry(scope), await ofDockerd(scope), await ofPodman(scope)];
  console.log(`${defaultsTable(columns)}\n\n${mountsTable(columns)}`);
  for (const { name, seen } of columns) if (typeof seen === 'string') console.log(`\n${name}: ${seen}`);
} finally {
  for (const end of ends.reverse()) await end();
}
