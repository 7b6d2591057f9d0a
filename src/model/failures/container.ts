/** Failures of verbs on containers. */
import { Conflict, Failed, InvalidArgument, NotFound, Unavailable, Unchanged } from '../../base/errors.ts';
import { contexts, failure, failures } from '../../base/failures.ts';

/** Failures of verbs on containers. */
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
  /** Versions 1.12 to 1.20 neither stopped nor killed a paused container. */
  endPaused: failure(
    Failed,
    ({ verb, name, id }: { verb: 'stop' | 'kill'; name: string; id: string }) =>
      `Cannot ${verb} container ${name}: Container ${id} is paused. Unpause the container before stopping`,
  ),
  startPaused: failure(Conflict, () => 'cannot start a paused container, try unpause instead'),
  startGoing: failure(
    Conflict,
    ({ id }: { id: string }) => `container ${id} is marked for removal and cannot be started`,
  ),
  startEnded: failure(
    Conflict,
    ({ id }: { id: string }) => `the start of container ${id} hung, and its removal was forced`,
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
  noCheckpoints: failure(InvalidArgument, () => 'checkpoints are not supported by this engine'),
  waitConditionInvalid: failure(
    InvalidArgument,
    ({ condition }: { condition: string }) => `invalid condition: ${JSON.stringify(condition)}`,
  ),
  attachPaused: failure(
    Conflict,
    ({ id }: { id: string }) => `container ${id} is paused, unpause the container before attach`,
  ),
  attachRestarting: failure(
    Conflict,
    ({ id }: { id: string }) => `container ${id} is restarting, wait until the container is running`,
  ),
  attachGoing: failure(
    Conflict,
    ({ id }: { id: string }) => `container ${id} is marked for removal and cannot be attached to`,
  ),
  linkTargetUnknown: failure(
    InvalidArgument,
    ({ name }: { name: string }) => `could not get container for ${name}: No such container: ${name}`,
  ),
  /** `link`: `/web/db`. */
  linkNotRunning: failure(
    Failed,
    ({ name, link }: { name: string; link: string }) =>
      `Cannot link to a non running container: /${name} AS ${link}`,
  ),
  linkNotOnDefault: failure(
    Failed,
    ({ name }: { name: string }) => `Cannot link to /${name}, as it does not belong to the default network`,
  ),
  linkNotFound: failure(NotFound, ({ name }: { name: string }) => `No such container: ${name}`, true),
  linkNotRemoved: failure(Conflict, () => 'Conflict, cannot remove the default link name of the container'),
  nameInvalid: failure(
    InvalidArgument,
    ({ name }: { name: string }) =>
      `Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
  ),
  idAmbiguous: failure(
    InvalidArgument,
    ({ prefix }: { prefix: string }) => `Multiple IDs found with provided prefix: ${prefix}`,
  ),
  volumeReadOnly: failure(InvalidArgument, () => 'mounted volume is marked read-only'),
  rootReadOnly: failure(InvalidArgument, () => 'container rootfs is marked read-only'),
  dead: failure(
    Conflict,
    ({ verb, id }: { verb: string; id: string }) => `You cannot ${verb} container ${id} which is Dead`,
  ),
  beingRemoved: failure(
    Conflict,
    ({ verb, id }: { verb: string; id: string }) =>
      `You cannot ${verb} container ${id} which is being removed`,
  ),
  insertUrlInvalid: failure(
    InvalidArgument,
    ({ url }: { url: string }) => `invalid URL ${JSON.stringify(url)}`,
  ),
  insertNamesNoFile: failure(
    InvalidArgument,
    ({ path }: { path: string }) => `${JSON.stringify(path)} names no file`,
  ),
  insertEnded: failure(
    Failed,
    ({ from, current, size }: { from: string; current: number; size: number }) =>
      `${from} ended after ${current} of ${size} bytes`,
  ),
  insertTooLong: failure(
    Failed,
    ({ from, most }: { from: string; most: number }) =>
      `${from} does not say its length, and has more than ${most} bytes`,
  ),
  filesUnreachable: failure(
    Failed,
    ({ id, why }: { id: string; why: string }) => `the files of ${id} cannot be reached: ${why}`,
  ),
  noImage: failure(InvalidArgument, () => 'no image specified: Image must name one'),
  notFrozen: failure(Failed, ({ id }: { id: string }) => `cannot pause container ${id}: unable to freeze`),
  nameSame: failure(InvalidArgument, () => 'Renaming a container with the same name as its current name'),
  noInit: failure(
    Failed,
    () =>
      'exec: "docker-init": executable file not found in $PATH: install tini, or name another with --init-path',
    true,
  ),
  beingStarted: failure(Conflict, ({ id }: { id: string }) => `container ${id} is just being started`),
  notKilled: failure(
    Failed,
    ({ id, seconds }: { id: string; seconds: number }) =>
      `container ${id} did not end within ${seconds} seconds of SIGKILL`,
  ),
  updateGoing: failure(Conflict, () => 'container is marked for removal and cannot be "update"'),
  updateConflicts: failure(Conflict, ({ why }: { why: string }) => `Conflicting options: ${why}`),
  memoryAboveSwap: failure(
    Conflict,
    () =>
      'Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time',
  ),
  removesItself: failure(
    Conflict,
    () => 'Restart policy cannot be updated because AutoRemove is enabled for the container',
  ),
  /** The file system at a path of the host hangs: its server, or the program behind it, is gone. */
  pathSilent: failure(
    Unavailable,
    ({ path, seconds }: { path: string; seconds: number }) =>
      `${path} did not answer within ${seconds} seconds: the file system that it lies on hangs, or its server is gone. Bring that back, or unmount it (umount -l), and try again`,
  ),
  looksPile: failure(
    Unavailable,
    ({ count }: { count: number }) =>
      `${count} looks at paths of the host wait already for file systems that do not answer: try again when those do, or are unmounted`,
  ),
  sourceNotShared: failure(
    Failed,
    ({ source, at }: { source: string; at: string }) =>
      `path ${source} is mounted on ${at} but it is not a shared mount`,
  ),
  sourceNotSlave: failure(
    Failed,
    ({ source, at }: { source: string; at: string }) =>
      `path ${source} is mounted on ${at} but it is not a shared or slave mount`,
  ),
  volumeOverFile: failure(
    InvalidArgument,
    ({ destination }: { destination: string }) =>
      `cannot mount volume over existing file, file exists ${destination}`,
  ),
  subpathMissing: failure(
    NotFound,
    ({ root, subpath }: { root: string; subpath: string }) =>
      `cannot access path ${root}/${subpath}: no such file or directory`,
    true,
  ),
  subpathEscapes: failure(
    InvalidArgument,
    ({ root, subpath }: { root: string; subpath: string }) => `path ${root}/${subpath} escapes its volume`,
  ),
  subpathUnreachable: failure(
    Failed,
    ({ root, subpath, why }: { root: string; subpath: string; why: string }) =>
      `cannot access path ${root}/${subpath}: ${why}`,
  ),
  joinsNotRunning: failure(
    Conflict,
    ({ what, id }: { what: string; id: string }) => `cannot join ${what} of a non running container: ${id}`,
  ),
  /** A container with ids of its own joins one that has the host's. */
  joinsHostIds: failure(
    Conflict,
    ({ id }: { id: string }) =>
      `cannot join namespaces of container ${id}, which runs with the host's user namespace: run this one with --userns=host too`,
  ),
  ipcNotShareable: failure(
    Conflict,
    ({ id }: { id: string }) =>
      `failed to join IPC namespace: container ${id}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
  ),
  idsOutOfRange: failure(InvalidArgument, () => 'uids and gids must be in range 0-2147483647'),
  userUnknown: failure(
    InvalidArgument,
    ({ who }: { who: string }) => `unable to find user ${who}: no matching entries in passwd file`,
  ),
  groupUnknown: failure(
    InvalidArgument,
    ({ which }: { which: string }) => `unable to find group ${which}: no matching entries in group file`,
  ),
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
