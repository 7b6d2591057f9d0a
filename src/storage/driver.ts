/** Which way layers become root file systems on this data root: overlays, or plain copies where there are none. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Failed, messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { oneOf } from '../base/schema.ts';
import type { RecordKind } from '../base/stored.ts';
import { MNT_DETACH, S_IFCHR, setXattr, tryMknodAt, unmount } from '../linux/index.ts';
import { mountOverlay } from './layers/overlay.ts';
import { type Layout, randomName } from './layout.ts';
import { rowPut } from './records/door.ts';
import type { Records } from './storage.ts';

/** Named as Docker names them. */
export type Driver = 'overlay2' | 'vfs';

/** What a data root was begun with: one row. */
export const DRIVER: RecordKind<Driver> = {
  table: 'storage',
  schema: oneOf('overlay2', 'vfs'),
  migrations: [],
};
const KEY = 'driver';

/**
 * The driver that this data root was begun with; for a new one `wanted`, or what the file system can do.
 * @throws Failed when it was begun with overlays and they cannot be mounted any more: its layers would read wrongly
 */
export async function chooseDriver(
  layout: Layout,
  records: Records,
  wanted: Driver | undefined,
  log: Log,
): Promise<Driver> {
  const begun = (await records.read(DRIVER)).rows.get(KEY);
  if (begun === 'vfs') return 'vfs';
  const obstacle = overlayObstacle(layout);
  if (begun === 'overlay2' && obstacle !== undefined)
    throw new Failed(
      `${layout.root} holds overlay layers, but overlays cannot be mounted there: ${obstacle}`,
    );
  const driver = begun === 'overlay2' ? begun : (wanted ?? (obstacle === undefined ? 'overlay2' : 'vfs'));
  if (begun === undefined) await records.write([rowPut(DRIVER, KEY, driver)]);
  if (driver === 'vfs')
    log.warn('storage.without-overlay', { root: layout.root, reason: obstacle ?? 'asked for' });
  return driver;
}

/** Tries all that layers need: a mount, a whiteout, the attribute of an opaque directory. Undefined: it works. */
function overlayObstacle(layout: Layout): string | undefined {
  const probe = join(layout.staging, `probe-${randomName()}`);
  const at = (name: string): string => join(probe, name);
  try {
    for (const name of ['', 'lower', 'upper', 'work', 'merged']) mkdirSync(at(name));
    setXattr(at('lower'), 'trusted.overlay.opaque', Buffer.from('y'));
    if (tryMknodAt(-100, at('lower/whiteout'), S_IFCHR, 0) < 0) return 'whiteouts cannot be made';
    const plan = { lowers: [at('lower')], upper: at('upper'), work: at('work'), target: at('merged') };
    mountOverlay(plan, layout.root);
    unmount(at('merged'), MNT_DETACH);
    return undefined;
  } catch (error) {
    return messageOf(error);
  } finally {
    rmSync(probe, { recursive: true, force: true });
  }
}
