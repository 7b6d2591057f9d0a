/** Debian's smallest root file system, made of its packages: a real image for tests and the comparison. */
import { createWriteStream, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { rootfsOf } from '../../src/cli/rootfs.ts';
import { CACHE } from './image.ts';

/** A tar of the host's release, 170 MB. Made once: that takes half a minute. */
export async function debianRootfs(): Promise<string> {
  const rootfs = rootfsOf('debian', {});
  const file = join(CACHE, `${rootfs.name.replace(':', '-')}.tar`);
  if (existsSync(file)) return file;
  mkdirSync(CACHE, { recursive: true });
  const dir = mkdtempSync(join(CACHE, '.make-'));
  try {
    await using source = await rootfs.open();
    await pipeline(source.archive, createWriteStream(join(dir, 'tar')));
    await source.finished;
    renameSync(join(dir, 'tar'), file);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
  return file;
}
