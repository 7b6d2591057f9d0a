/** The processes of a container, as the host's ps shows them. Nothing of the container runs for it. */
import { containerFailure } from '../../../model/failures/container.ts';
import { cgroupProcesses, type ProcessTable, processTable } from '../../../runtime/index.ts';
import type { Container } from '../container.ts';
import { emitContainerEvent } from '../events.ts';
import type { WithEvents, WithSupervisor } from '../needs.ts';
import { assertAllowed } from '../state.ts';

/** What `top` needs. */
export type TopDeps = WithEvents & WithSupervisor;

const DEFAULT_ARGUMENTS = '-ef';

/** @throws Conflict when it does not run · Failed when ps refuses its arguments */
export async function containerTop(
  deps: TopDeps,
  container: Container,
  psArgs: string | undefined,
): Promise<ProcessTable> {
  assertAllowed(container.record.state, 'top', container.id);
  const { task } = container;
  if (task === undefined) throw containerFailure.notRunning({ id: container.id });
  const pids = cgroupProcesses(deps.supervisor.cgroups, task.record.cgroupPath);
  const table = await processTable(deps.supervisor, psArgs || DEFAULT_ARGUMENTS, pids);
  emitContainerEvent(deps, container, 'top');
  return table;
}
