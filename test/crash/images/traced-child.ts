/** For steps.ts: makes ready for one deed, with all threads started, and does it when it is told to. */
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { type Deed, openHost, perform, prepare } from './deeds.ts';

/** An image that is loaded and removed before: its threads stay for a while. */
const WARM_UP = 1_000_000;

const [root = '', deed = 'load', round = '0', registry = ''] = process.argv.slice(2);
const host = await openHost(root);
await host.images.collected;
await prepare(host, 'tag', WARM_UP);
await host.images.remove(`there:${WARM_UP}`, { force: false, prune: true });
await prepare(host, deed as Deed, Number(round));
writeSync(1, 'ready\n');
await once(process.stdin, 'data');
await perform(host, deed as Deed, Number(round), registry);
writeSync(1, 'done\n');
process.kill(process.pid, 'SIGKILL');
