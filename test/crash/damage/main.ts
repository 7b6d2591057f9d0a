/** `npm run crash -- damage [rounds|all] [seed]`: files of state that are damaged while no daemon lives. */
import { Gantry } from '../../harness/gantry.ts';
import { runDamageCampaign } from './campaign.ts';

const [rounds = 'all', seed = String(Date.now() % 2 ** 31)] = process.argv.slice(2);
const gantry = new Gantry({});
try {
  await gantry.start();
  await gantry.loadBusybox();
  const verdict = await runDamageCampaign(gantry, {
    rounds: rounds === 'all' ? 'all' : Number(rounds),
    seed: Number(seed),
    say: (line) => console.log(line),
  });
  const { files, kinds, violations } = verdict;
  console.log(
    `${files} files, ${kinds} kinds of damage, ${verdict.rounds} starts, the slowest ${verdict.slowest.toFixed(0)} ms`,
  );
  console.log(`${violations.length} violations${violations.map((each) => `\n  ${each}`).join('')}`);
  if (violations.length > 0) process.exitCode = 1;
} catch (error) {
  process.exitCode = 1;
  console.error(error, gantry.log().slice(-3000));
} finally {
  await gantry.end();
  console.log('leftovers: 0');
}
