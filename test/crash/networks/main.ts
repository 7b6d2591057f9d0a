/**
 * `npm run crash -- networks [kills|all] [seed]`: kills at system calls of every thread of the daemon, and what came of
 * them. `networks churn [changes] [kills] [seed]`, `networks crowd [containers]`, `networks steady [restarts]`.
 */
import { Gantry } from '../../harness/gantry.ts';
import { runNetworkCampaign } from './campaign.ts';
import { runChurn } from './churn.ts';
import { runCrowd } from './crowd.ts';
import { runSteady } from './steady.ts';

const say = (line: string): void => console.log(line);
const newSeed = (): number => Date.now() % 2 ** 31;

const campaigns: Readonly<Record<string, (gantry: Gantry, given: readonly string[]) => Promise<void>>> = {
  async churn(gantry, [changes = '1000', kills = '20', seed = String(newSeed())]) {
    const size = { changes: Number(changes), containers: 12, networks: 6, kills: Number(kills) };
    const { joined, left } = await runChurn(gantry, { ...size, seed: Number(seed), say });
    say(`${joined} joined, ${left} left, ${kills} kills between: all agree each time`);
  },
  async crowd(gantry, [containers = '500']) {
    const { firstMs, lastMs } = await runCrowd(gantry, Number(containers));
    say(
      `${containers} containers, a start: ${firstMs.toFixed(0)} ms at first, ${lastMs.toFixed(0)} ms at last`,
    );
  },
  async steady(gantry, [restarts = '10']) {
    const { published, between } = await runSteady(gantry, Number(restarts));
    say(
      `${restarts} restarts: ${published} lines through a published port, ${between} between containers, none lost`,
    );
  },
  async kills(gantry, [kills = '40', seed = String(newSeed())]) {
    const many = kills === 'all' ? 'all' : Number(kills);
    const verdict = await runNetworkCampaign(gantry, { kills: many, seed: Number(seed), say });
    for (const [deed, count] of Object.entries(verdict.kills))
      say(`${deed}: killed ${count} times at one of ${verdict.steps[deed]} steps: all agree each time`);
  },
};

const argv = process.argv.slice(2);
const named = campaigns[argv[0] ?? ''];
const gantry = new Gantry({});
try {
  await gantry.start();
  await gantry.loadBusybox();
  await (named === undefined ? campaigns.kills?.(gantry, argv) : named(gantry, argv.slice(1)));
} finally {
  await gantry.end();
  say('leftovers: 0');
}
