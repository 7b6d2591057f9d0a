/**
 * `npm run crash -- [all] [containers] [kills] [seed]`: the whole campaign, with its figures; `all`: also with the daemon and
 * all of the keeper killed at once. `-- images …`, `-- networks …`, `-- builds …`: those of images, networks, builds;
 * `-- errors …`: of system calls that fail; `-- damage …`: of files of state; `-- power [cuts] [seed]`: the power goes;
 * `-- crowd …`: many clients at once.
 * `-- steps containers|volumes|networks|builds|images [kills|all] [seed]`: kills at system calls of every thread.
 */
import { Gantry } from '../harness/gantry.ts';
import { runCampaign, SPARING, type Victim } from './campaign.ts';

const [, , which] = process.argv;
const campaigns: Readonly<Record<string, () => Promise<unknown>>> = {
  images: () => import('./images/main.ts'),
  networks: () => import('./networks/main.ts'),
  builds: () => import('./builds/main.ts'),
  errors: () => import('./errors/main.ts'),
  power: () => import('./power/main.ts'),
  crowd: () => import('./concurrent/main.ts'),
  damage: () => import('./damage/main.ts'),
};
/** What follows `steps`: images have several campaigns, of which that is one. */
const steps: Readonly<Record<string, () => Promise<unknown>>> = {
  ...campaigns,
  containers: () => import('./walks/main.ts'),
  volumes: () => import('./walks/main.ts'),
  images: () => {
    process.argv.splice(2, 0, 'steps');
    return import('./images/main.ts');
  },
};
const isSteps = which === 'steps';
if (isSteps) process.argv.splice(2, 1);
const name = process.argv[2] ?? '';
const campaign = (isSteps ? steps : campaigns)[name];
if (isSteps && campaign === undefined) throw new Error(`there are no steps of ${JSON.stringify(name)}`);
if (campaign !== undefined) {
  if (name in campaigns) process.argv.splice(2, 1);
  await campaign();
  process.exit(process.exitCode);
}

const victims: readonly Victim[] = which === 'all' ? [...SPARING, 'all'] : SPARING;
if (which === 'all') process.argv.splice(2, 1);
const [containers = 100, kills = 20, seed = Date.now() % 2 ** 31] = process.argv.slice(2).map(Number);
const gantry = new Gantry({});
let failed = false;
try {
  await gantry.start();
  await gantry.loadBusybox();
  const verdict = await runCampaign(gantry, {
    ...{ containers, kills, seed, victims },
    say: (line) => console.log(line),
  });
  console.log(
    `seed ${seed}: ${verdict.containers} containers, ${verdict.streams} streams, ${verdict.megabytes.toFixed(1)} MB, ${verdict.churned} created and removed meanwhile`,
  );
  console.log(
    `killed: daemon ${verdict.kills.daemon}, keeper ${verdict.kills.keeper}, both ${verdict.kills.both}, all ${verdict.kills.all}`,
  );
  console.log(
    `wrong exit codes: ${verdict.wrongCodes.length}${verdict.wrongCodes.map((each) => `\n  ${each}`).join('')}`,
  );
  console.log(
    `streams with lost or doubled bytes: ${verdict.wrongStreams.length}${verdict.wrongStreams.map((each) => `\n  ${each}`).join('')}`,
  );
  console.log(
    `lost as the design says when all are killed at once: ${verdict.allowed.length}${verdict.allowed.map((each) => `\n  ${each}`).join('')}`,
  );
  failed = verdict.wrongCodes.length + verdict.wrongStreams.length > 0;
} catch (error) {
  failed = true;
  console.error(error);
  console.error(gantry.log().split('\n').slice(-30).join('\n'));
} finally {
  try {
    await gantry.end();
    console.log('leftovers: 0');
  } catch (error) {
    failed = true;
    console.error(error);
  }
}
process.exitCode = failed ? 1 : 0;
