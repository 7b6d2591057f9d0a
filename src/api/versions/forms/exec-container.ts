/** The container that stood whole in the inspection of its execs, up to Docker 1.9 (API 1.21). */
import { type Doc, isDoc, memberOf } from '../doc-path.ts';
import { volumesOf } from './containers.ts';

/** What those daemons kept of a container and wrote as JSON; its HostConfig was kept apart, and not written. */
const KEPT = [
  'State',
  'Created',
  'Path',
  'Args',
  'Config',
  'Image',
  'NetworkSettings',
  'ResolvConfPath',
  'HostnamePath',
  'HostsPath',
  'LogPath',
  'Name',
  'Driver',
  'ExecDriver',
  'MountLabel',
  'ProcessLabel',
  'AppArmorProfile',
] as const;

/**
 * Made of what the inspection of the container answers (`container` of the document, where the trait
 * `execTellsContainer` put it); without that, the id alone.
 */
export function execContainer({ body, container }: Doc): Doc {
  const ID = memberOf(body, 'ContainerID');
  const inspected = memberOf(container, 'body');
  if (!isDoc(inspected)) return { ID };
  const kept = KEPT.filter((name) => name in inspected).map((name) => [name, inspected[name]] as const);
  const whole = { body: memberOf(container, 'all') };
  const { sources, writable } = volumesOf(whole);
  return {
    ID,
    ...Object.fromEntries(kept),
    RestartCount: memberOf(whole.body, 'RestartCount') ?? 0,
    MountPoints: mountPoints(whole),
    Volumes: sources,
    VolumesRW: writable,
    HasBeenStartedBefore: !String(memberOf(inspected.State, 'StartedAt') ?? '0001').startsWith('0001'),
  };
}

/** Mounts by their destination, with the words that daemons used for themselves. */
function mountPoints({ body }: Doc): Doc {
  const mounts = memberOf(body, 'Mounts');
  const points = (Array.isArray(mounts) ? mounts.filter(isDoc) : []).map((mount) => [
    String(mount.Destination),
    {
      Name: mount.Name ?? '',
      Destination: mount.Destination,
      Driver: mount.Driver ?? '',
      RW: mount.RW === true,
      Source: mount.Source ?? '',
      Relabel: mount.Mode ?? '',
    },
  ]);
  return Object.fromEntries(points);
}
