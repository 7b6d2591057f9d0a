/** What a container's mounts stand on: its volumes, found or made and filled from the image, and layers of images. */
import type { IdMap } from '../../../base/id-map.ts';
import { asRootOf } from '../../../linux/index.ts';
import { containerFailure } from '../../../model/failures/container.ts';
import { furnishRoot, kindInRoot, makeFilesInRoot } from '../../../runtime/index.ts';
import type { Change } from '../../../storage/index.ts';
import { requireAnswers } from '../../answers.ts';
import { DRIVER, type VolumeService } from '../../volumes/index.ts';
import type {
  WithDirectory,
  WithImages,
  WithLayers,
  WithLeases,
  WithMountedVolumes,
  WithVolumeStore,
} from '../needs.ts';
import { NETWORK_FILES } from '../own-files.ts';
import type { ContainerMount } from '../record.ts';
import { destinationOf, isInside, type WantedMount } from './mounts.ts';
import { readOnly } from './options.ts';

/** What mounts are provided from. */
export type ProvideDeps = WithDirectory &
  WithImages &
  WithLayers &
  WithLeases &
  WithMountedVolumes &
  WithVolumeStore & { readonly volumes: Pick<VolumeService, 'take'> };

type WantedVolume = Extract<WantedMount, { is: 'volume' }>;
type WantedImage = Extract<WantedMount, { is: 'image' }>;

/** Mounts whose volumes and layers are there. */
export interface Provided {
  readonly mounts: readonly ContainerMount[];
  /** Part of the transaction that puts the container with these mounts on record. Ask for it at the last moment. */
  readonly changes: () => Change[];
  /** The container is on record, and found by others. */
  readonly done: () => void;
}

/**
 * Call it when the container's own layer is prepared and nothing runs in it. `undo` takes back what was made.
 * @throws InvalidArgument, NotFound
 */
export async function provideMounts(
  deps: ProvideDeps,
  id: string,
  wanted: readonly WantedMount[],
  undo: AsyncDisposableStack,
): Promise<Provided> {
  const volumes = wanted.filter((each) => each.is === 'volume');
  const taken = await deps.volumes.take(
    id,
    volumes.map(({ ask }) => ask),
  );
  undo.defer(() => taken.drop());
  const nameOf = new Map(volumes.map((volume, at) => [volume.destination, taken.names[at] ?? '']));
  await fillVolumes(deps, id, volumes, nameOf);
  const mounts: ContainerMount[] = [];
  for (const each of wanted)
    if (each.is === 'ready') mounts.push(each.mount);
    else if (each.is === 'volume') mounts.push(volumeMount(deps, each, nameOf.get(each.destination) ?? ''));
    else mounts.push(await imageMount(deps, id, `${id}-image-${wanted.indexOf(each)}`, each, undo));
  return { mounts, changes: () => deps.storage.volumes.settled(taken.names), done: () => taken.done() };
}

function volumeMount({ storage }: WithVolumeStore, wanted: WantedVolume, name: string): ContainerMount {
  return {
    point: {
      Type: 'volume',
      Name: name,
      Source: storage.volumes.pathOf(name),
      Destination: wanted.destination,
      Driver: DRIVER,
      Mode: wanted.mode,
      RW: !wanted.readOnly,
      Propagation: '',
    },
    options: ['rbind', 'rprivate', ...(wanted.readOnly ? readOnly(false) : [])],
    ...(wanted.anonymous && { anonymous: true }),
    ...(wanted.subpath !== undefined && { subpath: wanted.subpath }),
  };
}

/** An image is mounted through a layer of its own, so that nothing written could reach the image. */
async function imageMount(
  deps: ProvideDeps,
  id: string,
  layer: string,
  { image, destination, subpath }: WantedImage,
  undo: AsyncDisposableStack,
): Promise<ContainerMount> {
  const { id: imageId, chainId } = deps.images.resolve(image);
  await using lease = deps.storage.lease('image mount');
  if (chainId !== undefined) lease.hold('layer', chainId);
  const hostIds = deps.storage.layers.mappedIds(id) === undefined;
  await deps.storage.layers.prepare(layer, chainId, { hostIds });
  undo.defer(() => deps.storage.layers.removeWritable(layer));
  return {
    point: {
      Type: 'image',
      Name: image,
      Source: deps.storage.layers.rootOf(layer),
      Destination: destination,
      Mode: '',
      RW: false,
      Propagation: 'rprivate',
    },
    options: ['rbind', 'rprivate', ...readOnly(false)],
    layer,
    imageId,
    ...(subpath !== undefined && { subpath }),
  };
}

/** Empty volumes take what the image has in their place. The container's root is mounted only when one needs it. */
async function fillVolumes(
  deps: ProvideDeps,
  id: string,
  volumes: readonly WantedVolume[],
  nameOf: ReadonlyMap<string, string>,
): Promise<void> {
  const { volumes: store, layers } = deps.storage;
  const fill = volumes
    .filter((volume) => volume.copy || volume.declared)
    .map((volume) => ({ ...volume, name: nameOf.get(volume.destination) ?? '' }))
    .filter(({ name, declared }) => declared || deps.mountedVolumes.hasDevice(name) || store.isEmpty(name));
  if (fill.length === 0) return;
  const root = layers.mount(id);
  const map = layers.mappedIds(id)?.map;
  try {
    if (fill.some(({ destination }) => isInside('/etc', destination))) {
      // As in dockerd a copy of /etc has places for the engine's files: then it can be mounted for reading only.
      asRootOf(map, () => {
        furnishRoot(root);
        makeFilesInRoot(
          root,
          NETWORK_FILES.map((name) => `/etc/${name}`),
        );
      });
    }
    for (const { name, destination } of fill) {
      const found = kindInRoot(root, destination);
      if (found === 'other') throw containerFailure.volumeOverFile({ destination });
      if (found === 'directory') await fillVolume(deps, id, name, { root, path: destination, map });
    }
  } finally {
    await layers.unmount(id);
  }
}

async function fillVolume(
  deps: ProvideDeps,
  id: string,
  name: string,
  { map, ...from }: { readonly root: string; readonly path: string; readonly map: IdMap | undefined },
): Promise<void> {
  const user = `create ${id}`;
  const device = deps.mountedVolumes.hasDevice(name);
  await deps.mountedVolumes.attach(name, user);
  try {
    if (device) await requireAnswers([deps.storage.volumes.pathOf(name)]);
    // What lies on a device of its own is mounted with the host's ids.
    const read = { ...from, map: device ? undefined : map };
    await deps.storage.volumes.populate(name, read, { inPlace: device || isMounted(deps, name) });
  } finally {
    await deps.mountedVolumes.detach(name, user);
  }
}

const isMounted = ({ directory }: WithDirectory, name: string): boolean =>
  directory
    .all()
    .some(({ task, record }) => task !== undefined && record.mounts.some(({ point }) => point.Name === name));

/** Destinations of a container's mounts that no HostConfig asked for: they stay when a start brings another. */
export const declaredMounts = (
  mounts: readonly ContainerMount[],
  wanted: readonly WantedMount[],
): ContainerMount[] =>
  mounts.filter(
    ({ anonymous, point }) =>
      anonymous &&
      wanted.some(
        (each) => each.is === 'volume' && each.declared && destinationOf(each) === point.Destination,
      ),
  );
