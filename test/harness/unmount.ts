/** Takes a mount away even when something still uses it. */
import { MNT_DETACH, unmount } from '../../src/linux/index.ts';

/** Takes away what is mounted at `point`, if anything is. */
export function unmountLazily(point: string): void {
  try {
    unmount(point, MNT_DETACH);
  } catch {
    // It went meanwhile, or with the mount above it.
  }
}
