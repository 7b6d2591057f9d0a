/** Failures of further processes in containers. */
import { Conflict, InvalidArgument, NotFound, Unavailable } from '../../base/errors.ts';
import { failure, failures } from '../../base/failures.ts';

/** Failures of further processes in containers. */
export const execFailure = failures('exec', {
  notFound: failure(NotFound, ({ id }: { id: string }) => `No such exec instance: ${id}`, true),
  noCommand: failure(InvalidArgument, () => 'No exec command specified'),
  tooMany: failure(
    Unavailable,
    ({ id, most }: { id: string; most: number }) =>
      `container ${id} has ${most} exec commands that have not ended: more are possible when some have`,
  ),
  alreadyRun: failure(Conflict, ({ id }: { id: string }) => `exec command ${id} has already run`),
  alreadyRunning: failure(Conflict, ({ id }: { id: string }) => `exec command ${id} is already running`),
  notRunning: failure(Conflict, ({ id }: { id: string }) => `cannot resize exec ${id}: it is not running`),
});
