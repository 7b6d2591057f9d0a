/** Host devices that a container may be given. */
import { lstatSync, readdirSync, statSync } from 'node:fs';
import { InvalidArgument } from '../base/errors.ts';
import { majorOf, minorOf } from '../linux/index.ts';
import type { PlannedDevice } from './bundle/spec.ts';

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

/** The device behind `hostPath` (links are followed), to appear at `containerPath`. @throws InvalidArgument when it is none */
export function deviceAt(hostPath: string, containerPath: string, access: string): PlannedDevice {
  let stat: ReturnType<typeof statSync>;
  try {
    stat = statSync(hostPath);
  } catch (error) {
    throw new InvalidArgument(
      `error gathering device information while adding custom device "${hostPath}": no such file or directory`,
      { cause: error },
    );
  }
  if (!stat.isCharacterDevice() && !stat.isBlockDevice())
    throw new InvalidArgument(
      `error gathering device information while adding custom device "${hostPath}": not a device node`,
    );
  return planned(containerPath, stat, access);
}

function planned(path: string, stat: ReturnType<typeof statSync> & object, access: string): PlannedDevice {
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
