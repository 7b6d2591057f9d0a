/** Failures of verbs on containers. */
import { Conflict, Failed, InvalidArgument, NotFound, Unchanged } from '../../base/errors.ts';
import { contexts, failure, failures } from '../../base/failures.ts';

export const containerFailure = failures('container', {
  notFound: failure(NotFound, ({ name }: { name: string }) => `No such container: ${name}`, true),
  nameTaken: failure(
    Conflict,
    ({ name, holder }: { name: string; holder: string }) =>
      `Conflict. The container name "/${name}" is already in use by container "${holder}". You have to remove (or rename) that container to be able to reuse that name.`,
  ),
  namesEmpty: failure(InvalidArgument, () => 'Neither old nor new names may be empty'),
  noConfig: failure(InvalidArgument, () => 'config cannot be empty in order to create a container'),
  noCommand: failure(InvalidArgument, () => 'no command specified'),
  noStream: failure(InvalidArgument, () => "must specify at least one of 'stdout' or 'stderr'"),
  copiesNothing: failure(InvalidArgument, () => 'Path cannot be empty'),
  alreadyRunning: failure(Unchanged, ({ id }: { id: string }) => `container ${id} is already running`),
  alreadyStopped: failure(Unchanged, ({ id }: { id: string }) => `container ${id} is already stopped`),
  notRunning: failure(Conflict, ({ id }: { id: string }) => `container ${id} is not running`),
  alreadyPaused: failure(Conflict, ({ id }: { id: string }) => `container ${id} is already paused`),
  notPaused: failure(Conflict, ({ id }: { id: string }) => `Container ${id} is not paused`),
  startPaused: failure(Conflict, () => 'cannot start a paused container, try unpause instead'),
  startGoing: failure(
    Conflict,
    ({ id }: { id: string }) => `container ${id} is marked for removal and cannot be started`,
  ),
  execPaused: failure(
    Conflict,
    ({ id }: { id: string }) => `Container ${id} is paused, unpause the container before exec`,
  ),
  restarting: failure(
    Conflict,
    ({ id }: { id: string }) => `Container ${id} is restarting, wait until the container is running`,
  ),
  /** A removal that is not forced, of a container that has a process or will have one again. */
  alive: failure(Conflict, ({ state }: { state: string }) =>
    state === 'paused'
      ? 'container is paused and must be unpaused first'
      : `container is ${state}: stop the container before removing or force remove`,
  ),
  fileNotFound: failure(
    NotFound,
    ({ path, name }: { path: string; name: string }) =>
      `Could not find the file ${path} in container ${name}`,
    true,
  ),
  /** `why`: the words of `ps`. */
  psFailed: failure(Failed, ({ why }: { why: string }) => `ps: ${why}`),
});

/** What was being done with a container. */
export const containerContext = contexts('container', {
  kill: ({ name }: { name: string }) => `cannot kill container: ${name}`,
  remove: ({ name }: { name: string }) => `cannot remove container "${name}"`,
  rename: () => 'Error when allocating new name',
  update: ({ id }: { id: string }) => `Cannot update container ${id}`,
  openLog: () => 'failed to initialize logging driver',
  /** Told up to 1.21 alone. */
  start: ({ name }: { name: string }) => `Cannot start container ${name}`,
});
