/** What a container is given of the host's devices: by their paths, all of them, or by names that drivers described. */
import { settingFailure } from '../../../model/failures/setting.ts';
import type { HostConfig } from '../../../model/host-config.ts';
import {
  devicesAt,
  hostDevices,
  type PlannedDevice,
  type PlannedHooks,
  type PlannedMount,
} from '../../../runtime/index.ts';
import { editsOf } from '../../devices/cdi.ts';
import { type DeviceNode, type Edits, HOOKS } from '../../devices/cdi-spec.ts';

/** For the plan of a bundle. */
export interface GivenDevices {
  readonly nodes: readonly PlannedDevice[];
  /** In the place of variables and mounts of the same name and destination. */
  readonly env: readonly string[];
  readonly mounts: readonly PlannedMount[];
  readonly gids: readonly number[];
  readonly hooks: PlannedHooks;
}

/** `uid`: who owns nodes of which nobody says whose they are. @throws InvalidArgument for devices that are not there */
export async function givenDevices(
  { Devices = [], DeviceRequests = [], Privileged }: HostConfig,
  { cdiSpecDirs, uid }: { readonly cdiSpecDirs: readonly string[]; readonly uid: number },
): Promise<GivenDevices> {
  const edits = await editsOf(cdiSpecDirs, requestedNames(DeviceRequests));
  const asked = [
    ...Devices.flatMap(({ PathOnHost, PathInContainer, CgroupPermissions }) =>
      devicesAt(PathOnHost, PathInContainer || PathOnHost, CgroupPermissions || 'rwm'),
    ),
    ...edits.flatMap(({ deviceNodes = [] }) => deviceNodes.map((node) => nodeOf(node, uid))),
  ];
  const all = [...(Privileged ? hostDevices() : []), ...asked];
  // What was asked for last is what stands at a path.
  const nodes = [...new Map(all.map((node) => [node.path, node])).values()];
  return {
    nodes,
    env: edits.flatMap(({ env = [] }) => env),
    mounts: edits.flatMap(({ mounts = [] }) => mounts.map(mountOf)),
    gids: edits.flatMap(({ additionalGids = [] }) => additionalGids).filter((gid) => gid !== 0),
    hooks: hooksOf(edits),
  };
}

/** @throws InvalidArgument: no driver is known but the one of described devices */
function requestedNames(requests: NonNullable<HostConfig['DeviceRequests']>): string[] {
  return requests.flatMap(({ Driver = '', Count = 0, DeviceIDs = [], Capabilities = [], Options = {} }) => {
    if (Driver !== 'cdi')
      throw settingFailure.noDeviceDriver({
        driver: Driver,
        capabilities: Capabilities.map((each) => `[${each.join(' ')}]`).join(' '),
      });
    if (Count !== 0) throw settingFailure.cdiUnexpected({ what: 'count' });
    if (Object.keys(Options).length > 0) throw settingFailure.cdiUnexpected({ what: 'options' });
    return DeviceIDs;
  });
}

function nodeOf(node: DeviceNode, uid: number): PlannedDevice {
  const { path, hostPath = path, permissions = 'rwm', type, major, minor } = node;
  const isWhole = type !== undefined && type !== '' && (type === 'p' || major !== undefined);
  const found = isWhole ? undefined : devicesAt(hostPath, path, permissions)[0];
  return {
    path,
    type: type === 'b' || type === 'p' ? type : (found?.type ?? 'c'),
    major: major ?? found?.major ?? 0,
    minor: minor ?? found?.minor ?? 0,
    fileMode: node.fileMode ?? found?.fileMode ?? 0o666,
    uid: node.uid ?? uid,
    gid: node.gid ?? found?.gid ?? 0,
    access: permissions,
  };
}

const mountOf = ({
  hostPath,
  containerPath,
  type = 'bind',
  options = [],
}: NonNullable<Edits['mounts']>[number]): PlannedMount => ({
  destination: containerPath,
  type,
  source: hostPath,
  options: type !== 'bind' || options.some((each) => /^r?bind$/.test(each)) ? options : ['rbind', ...options],
});

const hooksOf = (edits: readonly Edits[]): PlannedHooks =>
  Object.fromEntries(
    HOOKS.map((name) => [
      name,
      edits
        .flatMap(({ hooks = [] }) => hooks)
        .filter(({ hookName }) => hookName === name)
        .map(({ path, args, env, timeout }) => ({
          path,
          ...(args && { args }),
          ...(env && { env }),
          ...(timeout && { timeout }),
        })),
    ]).filter(([, list]) => list?.length),
  );
