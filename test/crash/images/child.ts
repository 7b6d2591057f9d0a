/** For campaign.ts: does one thing to images, or starts, and dies at the step that it is told; else it says how many there were. */
import { writeSync } from 'node:fs';
import { type Deed, openHost, perform, prepare } from './deeds.ts';
import { arm, disarm } from './fault-points.ts';

const [root = '', deed = 'load', round = '0', at = '0', registry = ''] = process.argv.slice(2);
if (deed === 'start') {
  arm(Number(at));
  await openHost(root);
} else {
  const host = await openHost(root);
  await prepare(host, deed as Deed, Number(round));
  arm(Number(at));
  await perform(host, deed as Deed, Number(round), registry);
}
writeSync(1, `${disarm()}\n`);
process.kill(process.pid, 'SIGKILL');
