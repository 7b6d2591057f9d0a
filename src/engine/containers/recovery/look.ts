/** The first look at containers after a restart of the daemon: what their records say is made true, in memory alone. */
import { isFrozen } from '../../../runtime/index.ts';
import type { Container } from '../container.ts';
import type { WithDirectory, WithLog, WithSupervisor } from '../needs.ts';
import { NO_SANDBOX } from '../record.ts';
import { isAlive, type LastRun, type Run } from '../state.ts';

/** What the kernel still has of a container. */
export type Look = ReturnType<WithSupervisor['supervisor']['look']>;

/** What a first look needs. */
export type LookDeps = WithDirectory & WithLog & WithSupervisor & { readonly now: () => Date };

/**
 * Looks for a container that is on record as alive. One whose run cannot be made out is not served, and nothing of it is
 * touched: undefined.
 */
export function lookAt(
  deps: LookDeps,
  container: Container,
): Exclude<Look, { is: 'unreadable' }> | undefined {
  const { id, state } = container.record;
  if (!isAlive(state)) return undefined;
  const look = deps.supervisor.look(id);
  switch (look.is) {
    case 'running':
      container.set({ state: { ...state, pid: look.record.pid, is: stateOf(deps, look.record.cgroupPath) } });
      return look;
    case 'ended':
      container.set({ state: { ...state, pid: look.record.pid } });
      return look;
    case 'cut-off':
      // The exec root went with the machine: it ran, and is not known to have ended.
      if (state.boot !== undefined && state.boot !== deps.supervisor.boot)
        endWithMachine(deps, container, state);
      else container.set({ state: { is: before(state.last), last: state.last }, ...NO_SANDBOX });
      return look;
    case 'gone':
      endWithMachine(deps, container, state);
      return look;
    case 'unreadable':
      deps.log.error('container.set-aside', { id, damage: `what is on record of its run: ${look.damage}` });
      deps.directory.remove(container);
      deps.directory.unreadable.add(id, { text: JSON.stringify(container.record), damage: look.damage });
      return undefined;
    default:
      return look satisfies never;
  }
}

/** The kernel has the truth: a pause may not have come to the record, or not any more. */
const stateOf = ({ supervisor }: WithSupervisor, cgroupPath: string): 'paused' | 'running' =>
  isFrozen(supervisor.cgroups, cgroupPath) ? 'paused' : 'running';

/** What it was before a start that was cut off. */
const before = ({ startedAt }: LastRun): 'created' | 'exited' =>
  startedAt.startsWith('0001') ? 'created' : 'exited';

function endWithMachine(deps: Pick<LookDeps, 'now'>, container: Container, { startedAt }: Run): void {
  const { health } = container.record;
  const last: LastRun = {
    startedAt,
    finishedAt: deps.now().toISOString(),
    exitCode: undefined,
    oomKilled: false,
    error: 'it ended with the machine: the host was restarted',
  };
  container.set({
    state: { is: 'exited', last },
    ...NO_SANDBOX,
    ...(health ? { health: { ...health, Status: 'unhealthy' } } : {}),
  });
}
