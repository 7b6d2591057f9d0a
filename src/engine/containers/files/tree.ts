/** A container's files for copies in and out: its root, with everything over it that its configuration says. */
import { closeSync, existsSync } from 'node:fs';
import { messageOf } from '../../../base/errors.ts';
import { AT_FDCWD, asRootOf, cloneMount, mapOwners } from '../../../linux/index.ts';
import { containerFailure } from '../../../model/failures/container.ts';
import { furnishRoot, makeFilesInRoot } from '../../../runtime/index.ts';
import type { ContainerTree, TreeMount } from '../../../storage/index.ts';
import { networkModeOf } from '../../networks/index.ts';
import type { Container } from '../container.ts';
import { requireSourcesAnswer } from '../host-paths.ts';
import { attachForFiles, type MountsDeps } from '../mounts/mounted.ts';
import { copySource, type SourcesDeps } from '../mounts/sources.ts';
import type { WithContainersRoot, WithDirectory, WithLayers } from '../needs.ts';
import { NETWORK_FILES, networkFile } from '../own-files.ts';
import { isAlive } from '../state.ts';

/** What is needed to open a container's files. */
export type TreeDeps = MountsDeps & SourcesDeps & WithContainersRoot & WithDirectory & WithLayers;

/** The caller disposes of it. @throws Failed */
export async function openTree(deps: TreeDeps, container: Container): Promise<ContainerTree> {
  const { id, hostConfig } = container.record;
  await furnish(deps, container);
  // The tree has copies of its mounts: what is attached for them can go when it is open.
  await using attached = new AsyncDisposableStack();
  await attachForFiles(deps, container, attached);
  await requireSourcesAnswer(deps, container.record);
  using copies = new DisposableStack();
  try {
    const all = [
      ...networkFiles(deps, container, copies),
      ...sources(deps, container, copies),
      ...tmpfs(container, copies),
    ];
    const depth = ({ destination }: TreeMount) => destination.split('/').length;
    all.sort((a, b) => depth(a) - depth(b));
    return deps.storage.layers.openTree(id, all, hostConfig.ReadonlyRootfs ?? false);
  } catch (error) {
    throw containerFailure.filesUnreachable({ id, why: messageOf(error) }, { cause: error });
  }
}

/**
 * Before its first start a container's root lacks what every start makes in it. Who looks finds it none the less, as with
 * dockerd: an empty /etc/hosts, /.dockerenv.
 */
export async function furnish({ storage }: WithLayers, container: Container): Promise<void> {
  if (container.record.state.is !== 'created') return;
  await container.mailbox.run(async () => {
    if (container.record.state.is !== 'created') return;
    const root = storage.layers.mount(container.id);
    try {
      asRootOf(storage.layers.mappedIds(container.id)?.map, () => {
        furnishRoot(root);
        makeFilesInRoot(root, [...NETWORK_FILES.map((name) => `/etc/${name}`), '/dev/console']);
      });
    } finally {
      await storage.layers.unmount(container.id);
    }
  });
}

function sources(deps: SourcesDeps, { record }: Container, copies: DisposableStack): TreeMount[] {
  return record.mounts
    .filter(({ point }) => point.Type !== 'tmpfs')
    .map((mount) => ({
      source: copies.adopt(copySource(deps, mount, record), closeSync),
      destination: mount.point.Destination,
      readOnly: !mount.point.RW,
      recursive: true,
    }));
}

/** What only the running container has: memory that is mounted. */
function tmpfs({ record, task }: Container, copies: DisposableStack): TreeMount[] {
  if (!isAlive(record.state) || task === undefined) return [];
  const mounted = record.mounts.filter(({ point }) => point.Type === 'tmpfs');
  return task.mountCopies(mounted.map(({ point }) => point.Destination)).flatMap((copy, i) => {
    const found = mounted[i];
    if (copy === undefined || found === undefined) return [];
    const source = copies.adopt(copy, closeSync);
    const { Destination: destination, RW } = found.point;
    return [{ source, destination, readOnly: !RW, recursive: true }];
  });
}

/** Written at the first start; before there is nothing to see. */
function networkFiles(
  deps: WithContainersRoot & WithDirectory & WithLayers,
  { record }: Container,
  copies: DisposableStack,
): TreeMount[] {
  const ids = deps.storage.layers.mappedIds(record.id);
  const mode = networkModeOf(record.hostConfig);
  const owner = mode.is === 'container' ? mode.id : record.id;
  const id = deps.directory.all().find((each) => each.id === owner || each.record.name === owner)?.id;
  const hidden = new Set(record.mounts.map(({ point }) => point.Destination));
  return NETWORK_FILES.map((name) => ({
    source: networkFile(deps, id ?? record.id, name),
    destination: `/etc/${name}`,
    readOnly: false,
    recursive: false,
  }))
    .filter(({ source, destination }) => existsSync(source) && !hidden.has(destination))
    .map((mount) => {
      if (ids === undefined) return mount;
      const source = copies.adopt(cloneMount(AT_FDCWD, mount.source, false), closeSync);
      mapOwners(source, ids);
      return { ...mount, source };
    });
}
