/**
 * `npm run crash -- images [kills] [seed]`: as many kills as wanted, and what came of them. `images steps [kills|all] [seed]`:
 * at system calls of every thread.
 */
import { runImageCampaign } from './campaign.ts';
import { DEEDS } from './deeds.ts';
import { runStepsCampaign } from './steps.ts';

const argv = process.argv.slice(2);
const atSteps = argv[0] === 'steps';
const [kills = '200', seed = String(Date.now() % 2 ** 31)] = atSteps ? argv.slice(1) : argv;
const rest = { seed: Number(seed), say: (line: string) => console.log(line) };
const verdict = await (atSteps
  ? runStepsCampaign({ deeds: DEEDS, kills: kills === 'all' ? 'all' : Number(kills), ...rest })
  : runImageCampaign({ kills: Number(kills), ...rest }));
const { steps } = verdict;
for (const [deed, count] of Object.entries(verdict.kills))
  console.log(`${deed}: killed ${count} times at one of ${steps[deed]} steps: sound each time, nothing left`);
if ('starts' in verdict)
  console.log(`${verdict.starts} of the starts after them were killed at a step of theirs`);
