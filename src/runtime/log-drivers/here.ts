/** Puts a little of a log into its file on this thread: less work than waking another. */
import { JsonFile, type JsonFileTarget } from './json-file.ts';
import type { ShipNews, ShipPlan } from './protocol.ts';
import { Shipper } from './shipper.ts';

/** Small enough that whoever else waits for this thread does not feel it. */
const BATCH_BYTES = 64 << 10;

/** Ships what is there, until `signal`. False: not all of it is in the file, and nothing is tried again here. */
export async function shipHere(
  plan: ShipPlan & { readonly target: JsonFileTarget },
  tell: (news: ShipNews) => void,
  signal: AbortSignal,
): Promise<boolean> {
  let isWell = true;
  const shipper: Shipper = new Shipper(
    plan,
    (news) => {
      if (news.is !== 'trouble') return tell(news);
      isWell = false;
      shipper.leave();
    },
    (_target, deps) => new JsonFile(plan.target, deps, BATCH_BYTES),
  );
  const leave = () => shipper.leave();
  signal.addEventListener('abort', leave, { once: true });
  shipper.finish();
  await shipper.run();
  signal.removeEventListener('abort', leave);
  return isWell && !signal.aborted;
}
