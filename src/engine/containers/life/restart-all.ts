/** After a start of the daemon: what a policy wants running and is not is started again, a few at a time. */
import { messageOf } from '../../../base/errors.ts';
import { joinedContainer } from '../../../model/namespace-mode.ts';
import type { Container } from '../container.ts';
import type { WithDirectory } from '../needs.ts';
import { shouldRestart } from './restart-policy.ts';
import { type StartDeps, startContainer } from './start.ts';

/** Clients are served meanwhile: a start keeps the kernel busy. */
const AT_ONCE = 4;

/** Call it when the API serves. */
export function restartByPolicy(deps: StartDeps): void {
  const order = inOrder(deps, deps.directory.all().toReversed().filter(isWanted));
  const begun = new Map<Container, Promise<void>>();
  const next = async (): Promise<void> => {
    for (let container = order.shift(); container !== undefined; container = order.shift()) {
      // Those before it in the order have begun; a circle has no order, and fails by itself.
      const before = Promise.all(needed(deps, container).map((each) => begun.get(each)));
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
      await startContainer(deps, container);
    });
  } catch (error) {
    deps.log.warn('container.restart', { id: container.id, reason: messageOf(error) });
  }
}

function isWanted({ record }: Container): boolean {
  const { state, hostConfig, restartCount, stoppedByUser } = record;
  if (state.is === 'restarting') return true;
  if (state.is !== 'exited') return false;
  const policy = hostConfig.RestartPolicy;
  // A failure that was there before is not tried again; the end of the machine is a new one.
  if (policy?.Name === 'on-failure' && state.last.exitCode !== undefined) return false;
  const stopped = policy?.Name !== 'always' && stoppedByUser;
  return shouldRestart({ policy, last: state.last, count: restartCount, stopped, stopping: false });
}

/** Containers whose namespaces it joins: they must run first. */
function needed({ directory }: WithDirectory, { record }: Container): Container[] {
  const { NetworkMode, PidMode, IpcMode } = record.hostConfig;
  return [NetworkMode, PidMode, IpcMode].flatMap((mode) => {
    const name = joinedContainer(mode);
    const other = name === undefined ? undefined : directory.peek(name);
    return other === undefined ? [] : [other];
  });
}

/** Each behind what it needs. */
function inOrder(deps: WithDirectory, wanted: readonly Container[]): Container[] {
  const order = new Set<Container>();
  const seen = new Set<Container>();
  const visit = (container: Container) => {
    if (seen.has(container)) return;
    seen.add(container);
    for (const other of needed(deps, container)) if (wanted.includes(other)) visit(other);
    order.add(container);
  };
  for (const container of wanted) visit(container);
  return [...order];
}
