/** `npm run crash -- power [cuts] [seed]`: as many cuts of the power as wanted, and what came of them. */
import { runPowerCampaign } from './campaign.ts';

const [cuts = '40', seed = String(Date.now() % 2 ** 31)] = process.argv.slice(2);
const verdict = await runPowerCampaign({
  cuts: Number(cuts),
  seed: Number(seed),
  say: (line) => console.log(line),
});
console.log(
  `${verdict.between} cuts in the middle of a request, ${verdict.answered} behind an answer: all that was answered is there, nothing is half; the slowest start on a copy took ${verdict.slowestStartMs} ms`,
);
