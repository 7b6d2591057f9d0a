/** Host devices that a container may be given. */
import { lstatSync, readdirSync, type Stats, statSync } from 'node:fs';
import { InvalidArgument } from '../../base/errors.ts';
import { majorOf, minorOf } from '../../linux/index.ts';
import type { DeviceRate, PlannedDevice } from '../oci/spec.ts';

/** Below `/dev`, what every container has of its own or must not see. */
const SKIPPED = new Set([
  'pts',
  'shm',
  'fd',
  'mqueue',
  '.lxc',
  '.lxd-mounts',
  '.udev',
  'console',
  'null',
  'zero',
  'full',
  'random',
  'urandom',
  'tty',
  'ptmx',
  'core',
  'stdin',
  'stdout',
  'stderr',
]);

/** How deep and how many: a directory of devices is the user's choice, its size is not. */
const DIRECTORY_DEVICES_MAX = 1024;

/**
 * The device behind `hostPath` (links are followed), to appear at `containerPath`; of a directory all devices in it.
 * @throws InvalidArgument when there is none
 */
export function devicesAt(hostPath: string, containerPath: string, access: string): PlannedDevice[] {
  const fail = (why: string, cause?: unknown) =>
    new InvalidArgument(
      `error gathering device information while adding custom device "${hostPath}": ${why}`,
      { cause },
    );
  let stat: Stats;
  try {
    stat = statSync(hostPath);
  } catch (cause) {
    throw fail('no such file or directory', cause);
  }
  if (stat.isCharacterDevice() || stat.isBlockDevice()) return [planned(containerPath, stat, access)];
  const found = stat.isDirectory() ? devicesBelow(hostPath, containerPath, access) : [];
  if (found.length === 0) throw fail('not a device node');
  return found;
}

function devicesBelow(directory: string, containerPath: string, access: string): PlannedDevice[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isCharacterDevice() || entry.isBlockDevice())
    .slice(0, DIRECTORY_DEVICES_MAX)
    .map((entry) => {
      const path = `${entry.parentPath}/${entry.name}`;
      return planned(`${containerPath}${path.slice(directory.length)}`, lstatSync(path), access);
    });
}

function planned(path: string, stat: Stats, access: string): PlannedDevice {
  return {
    path,
    type: stat.isBlockDevice() ? 'b' : 'c',
    major: majorOf(Number(stat.rdev)),
    minor: minorOf(Number(stat.rdev)),
    fileMode: Number(stat.mode) & 0o7777,
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    access,
  };
}

/** Everything below `/dev`, as a privileged container sees it. */
export function hostDevices(directory = '/dev'): PlannedDevice[] {
  const found: PlannedDevice[] = [];
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = `${directory}/${entry.name}`;
    if (SKIPPED.has(entry.name)) continue;
    if (entry.isDirectory()) found.push(...hostDevices(path));
    else if (entry.isCharacterDevice() || entry.isBlockDevice()) {
      const stat = lstatSync(path);
      if (majorOf(Number(stat.rdev)) !== 0) found.push(planned(path, stat, 'rwm'));
    }
  }
  return found;
}

/** A rate for the block device at `path`. @throws InvalidArgument when there is none */
export function blockRate(path: string, rate: number): DeviceRate {
  try {
    const device = Number(statSync(path).rdev);
    return { major: majorOf(device), minor: minorOf(device), rate };
  } catch (cause) {
    throw new InvalidArgument(`stat ${path}: no such file or directory`, { cause });
  }
}
