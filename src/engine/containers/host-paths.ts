/** Paths of the host that a container names, asked for an answer before this thread touches them. */
import { requireAnswers } from '../answers.ts';
import { isInside } from './mounts/mounts.ts';
import type { WithMountedVolumes } from './needs.ts';
import type { ContainerMount, ContainerRecord } from './record.ts';

type Named = Pick<ContainerRecord, 'mounts' | 'ofBuild'>;

/** For a look at a container's files. @throws Unavailable when a source of its mounts does not answer */
export const requireSourcesAnswer = (deps: WithMountedVolumes, record: Named): Promise<void> =>
  requireAnswers(sourcePaths(deps, record));

/** For a start. @throws Unavailable when a source, or a device that it names, does not answer */
export const requireHostAnswers = (
  deps: WithMountedVolumes,
  record: Named & Pick<ContainerRecord, 'hostConfig'>,
  signal: AbortSignal,
): Promise<void> => requireAnswers([...sourcePaths(deps, record), ...devicePaths(record)], signal);

/** Sources that are not the engine's own, and what lies in them where other mounts go. */
function sourcePaths({ mountedVolumes }: WithMountedVolumes, { mounts, ofBuild = false }: Named): string[] {
  if (ofBuild) return []; // what the engine itself chose
  const isForeign = ({ point }: ContainerMount): boolean =>
    point.Type === 'bind' || (point.Type === 'volume' && mountedVolumes.hasDevice(point.Name ?? ''));
  const foreign = mounts.filter(isForeign).map(({ point }) => point);
  return foreign.flatMap(({ Source, Destination }) => [
    Source,
    ...mounts
      .map(({ point }) => point.Destination)
      .filter((place) => place !== Destination && isInside(place, Destination))
      .map((place) => `${Source}/${place.slice(Destination.length)}`),
  ]);
}

function devicePaths({ hostConfig }: Pick<ContainerRecord, 'hostConfig'>): string[] {
  const { Devices, BlkioWeightDevice, ...host } = hostConfig;
  const rates = [
    BlkioWeightDevice,
    host.BlkioDeviceReadBps,
    host.BlkioDeviceWriteBps,
    host.BlkioDeviceReadIOps,
    host.BlkioDeviceWriteIOps,
  ];
  return [
    ...(Devices ?? []).map(({ PathOnHost }) => PathOnHost),
    ...rates.flatMap((list) => (list ?? []).map(({ Path }) => Path)),
  ];
}
