/** `npm run crash -- crowd [minutes] [seed] [seconds between kills]`: 32 clients on few objects, and an order for all that they were answered. */
import { Gantry } from '../../harness/gantry.ts';
import { runConcurrent } from './concurrent.ts';

const [minutes = 10, seed = Date.now() % 2 ** 31, killEverySeconds] = process.argv.slice(2).map(Number);
const gantry = new Gantry({});
try {
  await gantry.start();
  await gantry.loadBusybox();
  const { verbs, kills, moments, wrong } = await runConcurrent(gantry, {
    seconds: minutes * 60,
    seed,
    ...(killEverySeconds ? { killEverySeconds } : {}),
  });
  console.log(`seed ${seed}: ${verbs} verbs, ${kills} kills, moments: ${JSON.stringify(moments)}`);
  for (const each of wrong) console.log(each);
  console.log(`wrong: ${wrong.length}`);
  process.exitCode = wrong.length > 0 ? 1 : 0;
} finally {
  await gantry.end();
  console.log('leftovers: 0');
}
