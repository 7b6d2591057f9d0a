/** `npm run crash -- steps [containers|volumes|networks|builds|images] [kills|all] [seed] [from]`: see main.ts beside. */
import { Gantry } from '../../harness/gantry.ts';
import { containers } from './containers.ts';
import { volumes } from './volumes.ts';
import { runWalk, type WalkOptions, type WalkVerdict } from './walk.ts';

/** Those of one kind of object: all start on an engine of their own. */
const walks: Readonly<Record<string, (gantry: Gantry, options: WalkOptions) => Promise<WalkVerdict>>> = {
  containers: (gantry, options) => runWalk(gantry, containers, options),
  volumes: (gantry, options) => runWalk(gantry, volumes, options),
};

const [which = '', kills = '40', seed = String(Date.now() % 2 ** 31), from = '1'] = process.argv.slice(2);
const walk = walks[which];
if (walk === undefined) throw new Error(`there is no walk of ${which}`);
const gantry = new Gantry({});
try {
  await gantry.start();
  await gantry.loadBusybox();
  const options = {
    kills: kills === 'all' ? ('all' as const) : Number(kills),
    seed: Number(seed),
    from: Number(from),
    say: (line: string) => console.log(line),
  };
  const verdict = await walk(gantry, options);
  for (const [deed, count] of Object.entries(verdict.kills))
    console.log(
      `${deed}: killed ${count} times at one of ${verdict.steps[deed]} steps: sound each time, nothing left`,
    );
} finally {
  await gantry.end();
}
console.log('leftovers: 0');
