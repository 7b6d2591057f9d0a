/** What a volume's options mount on it: only while a container that has it runs. */
import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { codeOf } from '../../base/errors.ts';
import { MNT_DETACH, MS, mount, mountAway, unmountAway } from '../../linux/index.ts';
import { mountedBelow } from '../leftover-mounts.ts';
import type { VolumeDevice } from '../storage.ts';

/** On a pool thread: a server on the network may take its time. @throws SystemError; then nothing is mounted */
export async function attach(path: string, device: VolumeDevice): Promise<void> {
  const { source, type, flags, propagation, data } = device;
  if (isMounted(path)) return;
  const bind = (flags & MS.BIND) !== 0;
  await mountAway(source, path, type, bind ? flags & (MS.BIND | MS.REC) : flags, data);
  try {
    // A bind takes other flags only afterwards (mount(2), "Creating a bind mount").
    const rest = flags & ~(MS.BIND | MS.REC);
    if (bind && rest !== 0) mount('none', path, null, MS.REMOUNT | MS.BIND | rest, null);
    if (propagation !== 0) mount('none', path, null, propagation, null);
  } catch (error) {
    await unmountAway(path, MNT_DETACH);
    throw error;
  }
}

/** Not mounted: nothing to do. A busy one leaves the tree at once and ends with its last user. */
export async function detach(path: string): Promise<void> {
  if (!isMounted(path)) return;
  await unmountAway(path, MNT_DETACH).catch((error: unknown) => {
    if (codeOf(error) !== 'EINVAL') throw error;
  });
}

/**
 * Told by the kernel's list: a bind of a directory on the same file system has no device number of its own, and what is
 * mounted there may not answer any more.
 */
function isMounted(path: string): boolean {
  const home = dirname(path);
  return existsSync(home) && mountedBelow(home).includes(join(realpathSync(home), basename(path)));
}
