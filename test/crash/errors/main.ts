/**
 * `npm run crash -- errors [deed|all] [ENOSPC|EDQUOT|EIO|EMFILE|EAGAIN|all] [rounds|all] [seed]`: system calls of the daemon that
 * fail, one by one, and what came of them.
 */
import { Gantry } from '../../harness/gantry.ts';
import { runErrorCampaign } from './campaign.ts';
import { DEEDS } from './deeds.ts';
import type { Fault } from './faults.ts';

const [deed = 'all', fault = 'all', rounds = '3', seed = String(Date.now() % 2 ** 31)] =
  process.argv.slice(2);
const faults: readonly Fault[] = ['ENOSPC', 'EDQUOT', 'EIO', 'EMFILE', 'EAGAIN'];
// Two threads for what Node does beside (one of them waits for the keeper's news): the calls are nearly the same ones in each round.
const gantry = new Gantry({ env: { UV_THREADPOOL_SIZE: '2' } });
try {
  await gantry.start();
  await gantry.loadBusybox();
  const { counts, violations } = await runErrorCampaign(gantry, {
    deeds: deed === 'all' ? Object.keys(DEEDS) : [deed],
    faults: fault === 'all' ? faults : faults.filter((each) => each === fault),
    rounds: rounds === 'all' ? 'all' : Number(rounds),
    seed: Number(seed),
    say: (line) => console.log(line),
  });
  for (const [what, { steps, fired, refused }] of Object.entries(counts))
    console.log(`${what}: ${fired} faults at ${steps} calls, ${refused} told to the client`);
  const fired = Object.values(counts).reduce((sum, count) => sum + count.fired, 0);
  console.log(
    `${fired} faults fired, ${violations.length} violations${violations.map((each) => `\n  ${each}`).join('')}`,
  );
  if (violations.length > 0) process.exitCode = 1;
} catch (error) {
  process.exitCode = 1;
  console.error(error, gantry.log().slice(-3000));
} finally {
  await gantry.end();
  console.log('leftovers: 0');
}
