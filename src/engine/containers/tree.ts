/** A container's files for copies in and out: its root, with everything over it that its configuration says. */
import { closeSync, existsSync } from 'node:fs';
import { Failed, messageOf } from '../../base/errors.ts';
import type { ContainerTree, TreeMount } from '../../storage/index.ts';
import type { Container } from './container.ts';
import type { ContainersDeps } from './deps.ts';
import { NETWORK_FILES, networkFile } from './files.ts';
import { makeSources } from './sources.ts';
import { isAlive } from './state.ts';

/** The caller disposes of it. Synchronous: some milliseconds. @throws Failed */
export function openTree(deps: ContainersDeps, container: Container): ContainerTree {
  const { id, hostConfig, mounts } = container.record;
  makeSources(mounts);
  using copies = new DisposableStack();
  try {
    const all = [...networkFiles(deps, container), ...binds(container), ...tmpfs(container, copies)];
    const depth = ({ destination }: TreeMount) => destination.split('/').length;
    all.sort((a, b) => depth(a) - depth(b));
    return deps.storage.layers.openTree(id, all, hostConfig.ReadonlyRootfs ?? false);
  } catch (error) {
    throw new Failed(`the files of ${id} cannot be reached: ${messageOf(error)}`, { cause: error });
  }
}

function binds({ record }: Container): TreeMount[] {
  return record.mounts
    .filter(({ point }) => point.Type !== 'tmpfs')
    .map(({ point, options }) => ({
      source: point.Source,
      destination: point.Destination,
      readOnly: !point.RW,
      recursive: options.includes('rbind'),
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
function networkFiles(deps: ContainersDeps, { record }: Container): TreeMount[] {
  const mode = record.hostConfig.NetworkMode ?? '';
  const owner = mode.startsWith('container:') ? mode.slice('container:'.length) : record.id;
  const id = deps.directory.all().find((each) => each.id === owner || each.record.name === owner)?.id;
  const hidden = new Set(record.mounts.map(({ point }) => point.Destination));
  return NETWORK_FILES.map((name) => ({
    source: networkFile(deps, id ?? record.id, name),
    destination: `/etc/${name}`,
    readOnly: false,
    recursive: false,
  })).filter(({ source, destination }) => existsSync(source) && !hidden.has(destination));
}
