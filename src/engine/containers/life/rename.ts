/** Gives a container another name. */
import { inContext } from '../../../base/errors.ts';
import { containerContext, containerFailure } from '../../../model/failures/container.ts';
import type { Container } from '../container.ts';
import { checkName } from '../directory.ts';
import { emitContainerEvent } from '../events.ts';
import type { WithDirectory, WithEvents, WithNames } from '../needs.ts';

/** What a rename needs. */
export type RenameDeps = WithDirectory & WithEvents & WithNames;

/** Call it inside the mailbox. @throws InvalidArgument, Conflict when the name is taken */
export async function renameContainer(deps: RenameDeps, container: Container, to: string): Promise<void> {
  if (to === '') throw containerFailure.namesEmpty();
  const old = container.record.name;
  if (to.replace(/^\//, '') === old) throw containerFailure.nameSame();
  const name = reserve(deps, container, to);
  try {
    await container.save({ name });
  } catch (error) {
    deps.directory.release(name, container.id);
    throw error;
  }
  deps.directory.release(old, container.id);
  deps.names.renew(container.record);
  emitContainerEvent(deps, container, 'rename', { oldName: `/${old}` });
}

function reserve(deps: WithDirectory, container: Container, to: string): string {
  try {
    const name = checkName(to);
    deps.directory.reserve(name, container.id);
    return name;
  } catch (error) {
    throw inContext(error, containerContext.rename());
  }
}
