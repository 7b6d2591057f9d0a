/** `npm run crash -- images [kills] [seed]`: as many kills as wanted, and what came of them. */
import { runImageCampaign } from './campaign.ts';

const [kills = 200, seed = Date.now() % 2 ** 31] = process.argv.slice(2).map(Number);
const { kills: killed, steps } = await runImageCampaign({ kills, seed, say: (line) => console.log(line) });
for (const [deed, count] of Object.entries(killed))
  console.log(`${deed}: killed ${count} times at one of ${steps[deed]} steps: sound each time, nothing left`);
