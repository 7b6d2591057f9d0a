/** What a running container has mounted besides its root: devices of volumes and images, mounted and given back. */
import { randomUUID } from 'node:crypto';
import { messageOf } from '../../../base/errors.ts';
import type { Container } from '../container.ts';
import type { WithEvents, WithLayers, WithLog, WithMountedVolumes } from '../needs.ts';
import type { ContainerMount } from '../record.ts';

/** What is needed to mount volumes and images for a container. */
export type MountsDeps = WithEvents & WithLayers & WithMountedVolumes;

/** Before the process: each step registers its reverse. @throws NotFound for a volume that is gone, Failed */
export async function attachMounts(
  deps: MountsDeps,
  { id, record }: Container,
  undo: AsyncDisposableStack,
): Promise<void> {
  for (const mount of record.mounts) {
    if (mount.layer !== undefined) {
      const { layer } = mount;
      deps.storage.layers.mount(layer);
      undo.defer(() => deps.storage.layers.unmount(layer));
    }
    const name = volumeOf(mount);
    if (name === undefined) continue;
    await deps.mountedVolumes.attach(name, id);
    emitVolumeEvent(deps, 'mount', id, name, {
      destination: mount.point.Destination,
      'read/write': String(mount.point.RW),
      propagation: mount.point.Propagation ?? '',
    });
    undo.defer(() => detachVolume(deps, id, name));
  }
}

/** After the end, one by one: what fails is logged, and the rest is still given back. */
export async function detachMounts(deps: MountsDeps & WithLog, { id, record }: Container): Promise<void> {
  for (const mount of record.mounts) {
    const name = volumeOf(mount);
    try {
      if (mount.layer !== undefined) await deps.storage.layers.unmount(mount.layer);
      if (name !== undefined) await detachVolume(deps, id, name);
    } catch (error) {
      deps.log.error('container.unmount', { id, at: mount.point.Destination, reason: messageOf(error) });
    }
  }
}

/** For a look at the files of a container, running or not. */
export async function attachForFiles(
  deps: MountsDeps,
  { id, record }: Container,
  scope: AsyncDisposableStack,
): Promise<void> {
  for (const mount of record.mounts) {
    // It stays until the container is started and ends, or is removed: a start may need it meanwhile.
    if (mount.layer !== undefined) deps.storage.layers.mount(mount.layer);
    const name = volumeOf(mount);
    if (name === undefined) continue;
    const user = `files of ${id} ${randomUUID()}`;
    await deps.mountedVolumes.attach(name, user);
    scope.defer(() => deps.mountedVolumes.detach(name, user));
  }
}

/** After a restart of the daemon, for a container that runs on. */
export function adoptMounts(deps: MountsDeps, { id, record }: Container): void {
  for (const mount of record.mounts) {
    const name = volumeOf(mount);
    if (name !== undefined) deps.mountedVolumes.adopt(name, id);
  }
}

/** Names of a container's volumes. */
export const volumesOf = (mounts: readonly ContainerMount[]): string[] =>
  mounts.flatMap((mount) => volumeOf(mount) ?? []);
/** Ids of the layers that are mounted. */
export const layersOf = (mounts: readonly ContainerMount[]): string[] =>
  mounts.flatMap(({ layer }) => layer ?? []);
/** Ids of the images that are mounted. */
export const imagesOf = (mounts: readonly ContainerMount[]): string[] =>
  mounts.flatMap(({ imageId }) => imageId ?? []);

const volumeOf = ({ point }: ContainerMount): string | undefined =>
  point.Type === 'volume' ? point.Name : undefined;

async function detachVolume(deps: MountsDeps, id: string, name: string): Promise<void> {
  await deps.mountedVolumes.detach(name, id);
  emitVolumeEvent(deps, 'unmount', id, name, {});
}

/** Emits an event about a volume of a container. */
function emitVolumeEvent(
  { events }: WithEvents,
  action: 'mount' | 'unmount',
  container: string,
  name: string,
  more: Readonly<Record<string, string>>,
): void {
  events.emit({
    Type: 'volume',
    Action: action,
    id: name,
    attributes: { container, driver: 'local', ...more },
  });
}
