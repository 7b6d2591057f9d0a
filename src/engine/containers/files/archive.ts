/** Files in and out of containers as tar archives, whether they run or not. */
import type { Readable } from 'node:stream';
import { NotFound } from '../../../base/errors.ts';
import type { ContainerChange } from '../../../model/container.ts';
import { containerFailure } from '../../../model/failures/container.ts';
import type { PathStat } from '../../../storage/index.ts';
import { userInRoot } from '../../processes/user-in-root.ts';
import type { Container } from '../container.ts';
import { emitContainerEvent } from '../events.ts';
import type { WithEvents, WithLayers } from '../needs.ts';
import type { PathArchive, PutArchiveOptions, ReadArchiveOptions } from '../promise.ts';
import { furnish, openTree, type TreeDeps } from './tree.ts';

/** What verbs on a container's files need. */
export type ArchiveDeps = TreeDeps & WithEvents;

/** `name`: what the client called the container, for messages. */
interface Called {
  readonly container: Container;
  readonly name: string;
}

/** @throws NotFound */
export async function statPath(deps: TreeDeps, called: Called, path: string): Promise<PathStat> {
  await using tree = await openTree(deps, called.container);
  return await named(called, path, () => tree.stat(path));
}

/** @throws NotFound */
export async function getArchive(
  deps: ArchiveDeps,
  called: Called,
  path: string,
  { signal }: ReadArchiveOptions,
): Promise<PathArchive> {
  const found = await read(deps, called, path, { follow: false, signal });
  emitContainerEvent(deps, called.container, 'archive-path');
  return found;
}

/** @throws NotFound */
export async function copyOut(
  deps: ArchiveDeps,
  called: Called,
  path: string,
  { signal }: ReadArchiveOptions,
): Promise<Readable> {
  const { archive } = await read(deps, called, path, { follow: true, signal });
  emitContainerEvent(deps, called.container, 'copy');
  return archive;
}

async function read(
  deps: TreeDeps,
  called: Called,
  path: string,
  options: ReadArchiveOptions & { readonly follow: boolean },
): Promise<PathArchive> {
  await using scope = new AsyncDisposableStack();
  const tree = scope.use(await openTree(deps, called.container));
  const found = await named(called, path, () => tree.get(path, options));
  scope.move(); // the archive's end disposes of the tree
  return found;
}

/** @throws NotFound, InvalidArgument */
export async function putArchive(
  deps: ArchiveDeps,
  called: Called,
  path: string,
  archive: Readable,
  { noOverwriteDirNonDir, copyUIDGID, signal }: PutArchiveOptions,
): Promise<void> {
  const { container } = called;
  await using tree = await openTree(deps, container);
  const { config, hostConfig } = container.record;
  const owner =
    copyUIDGID && config.User ? userInRoot(tree.rootPath, config.User, hostConfig.GroupAdd ?? []) : undefined;
  await named(called, path, () =>
    tree.put(path, archive, {
      owner: owner && { uid: owner.uid, gid: owner.gid },
      keepKinds: noOverwriteDirNonDir,
      check: (target) => assertWritable(container, target),
      busy: container.task?.mountPoints() ?? [],
      signal,
    }),
  );
  emitContainerEvent(deps, container, 'extract-to-dir');
}

/** The kernel would refuse too, in other words and half-way. @throws InvalidArgument */
function assertWritable({ record }: Container, path: string): void {
  const [mount] = record.mounts
    .map(({ point }) => point)
    .filter(({ Destination }) => path === Destination || path.startsWith(`${Destination}/`))
    .sort((a, b) => b.Destination.length - a.Destination.length);
  if (mount && !mount.RW) throw containerFailure.volumeReadOnly();
  if (!mount && record.hostConfig.ReadonlyRootfs) throw containerFailure.rootReadOnly();
}

async function named<T>({ name }: Called, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof NotFound)) throw error;
    throw containerFailure.fileNotFound({ path, name }, { cause: error });
  }
}

/** The container's own files alone: what is mounted over them is not the container's. @throws Conflict */
export async function exportContainer(
  deps: WithEvents & WithLayers,
  container: Container,
  { signal }: ReadArchiveOptions,
): Promise<Readable> {
  refuseGoing(container, 'export');
  await furnish(deps, container);
  const archive = deps.storage.layers.openTree(container.id, [], true).getAll(signal);
  emitContainerEvent(deps, container, 'export');
  return archive;
}

/** @throws Conflict when it is on its way out */
export function refuseGoing({ record }: Container, verb: string): void {
  const { state, id } = record;
  if (state.is === 'dead') throw containerFailure.dead({ verb, id });
  if (state.is === 'removing') throw containerFailure.beingRemoved({ verb, id });
}

/** In the order of paths. */
export async function containerChanges(deps: WithLayers, container: Container): Promise<ContainerChange[]> {
  const changes = await deps.storage.layers.changes(container.id);
  return changes.map(({ path, kind }) => ({ Path: path, Kind: kind }));
}
