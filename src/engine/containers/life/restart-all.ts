/** After a start of the daemon: what a policy wants running and is not is started again, a few at a time. */
import { messageOf } from '../../../base/errors.ts';
import type { Container } from '../container.ts';
import { startWhenJoinable } from './held-back.ts';
import { comesAfter } from './joins.ts';
import { shouldRestart } from './restart-policy.ts';
import { type StartDeps, startContainer } from './start.ts';
import { inStartOrder } from './start-order.ts';

/** Clients are served meanwhile: a start keeps the kernel busy. */
const AT_ONCE = 4;

/** Call it when the API serves. */
export function restartByPolicy(deps: StartDeps): void {
  const wanted = deps.directory.all().toReversed().filter(isWanted);
  const order = inStartOrder(wanted, (container) => comesAfter(deps, container));
  const begun = new Map<Container, Promise<void>>();
  const next = async (): Promise<void> => {
    for (let container = order.shift(); container !== undefined; container = order.shift()) {
      // Those before it in the order have begun; a circle has no order, and its members wait for each other.
      const before = Promise.all(comesAfter(deps, container).map((each) => begun.get(each)));
      const start = before.then(() => begin(deps, container));
      begun.set(container, start);
      await start;
    }
  };
  for (let i = 0; i < AT_ONCE; i++) void next();
}

async function begin(deps: StartDeps, container: Container): Promise<void> {
  try {
    await container.mailbox.run(async () => {
      if (deps.stopping() || container.gone || !isWanted(container)) return;
      await startWhenJoinable(deps, container, (again) => startContainer(deps, again));
    });
  } catch (error) {
    deps.log.warn('container.restart', { id: container.id, reason: messageOf(error) });
  }
}

function isWanted({ record }: Container): boolean {
  const { state, hostConfig, restartCount, restartWanted, stoppedByUser } = record;
  if (state.is === 'restarting') return true;
  if (state.is !== 'exited') return false;
  if (restartWanted) return true;
  const policy = hostConfig.RestartPolicy;
  // A failure that was there before is not tried again; the end of the machine is a new one.
  if (policy?.Name === 'on-failure' && state.last.exitCode !== undefined) return false;
  const stopped = policy?.Name !== 'always' && stoppedByUser;
  return shouldRestart({ policy, last: state.last, count: restartCount, stopped, stopping: false });
}
