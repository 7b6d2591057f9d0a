/** `npm run crash -- builds [kills|all] [seed] [from]`: kills at system calls of every thread of the daemon, and what came of them. `from`: the round to go on with. */
import { Gantry } from '../../harness/gantry.ts';
import { runBuildCampaign } from './campaign.ts';

const [kills = '40', seed = String(Date.now() % 2 ** 31), from = '1'] = process.argv.slice(2);
const gantry = new Gantry({});
try {
  await gantry.start();
  await gantry.loadBusybox();
  const verdict = await runBuildCampaign(gantry, {
    kills: kills === 'all' ? 'all' : Number(kills),
    seed: Number(seed),
    from: Number(from),
    say: (line) => console.log(line),
  });
  for (const [deed, count] of Object.entries(verdict.kills))
    console.log(`${deed}: killed ${count} times at one of ${verdict.steps[deed]} steps: sound each time`);
} finally {
  await gantry.end();
}
console.log('leftovers: 0');
