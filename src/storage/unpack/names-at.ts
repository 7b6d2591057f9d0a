/** Names below open directories: what stands there, and how they are told in errors. */
import { lstatSync, readlinkSync, type Stats } from 'node:fs';
import type { ByteText } from '../../formats/tar/entry.ts';
import { ERRNO, SystemError } from '../../linux/index.ts';

/** What is at the name itself, links not followed; undefined: nothing. */
export function lstatAt(dir: number, name: ByteText): Stats | undefined {
  return lstatSync(Buffer.from(`/proc/self/fd/${dir}/${name}`, 'latin1'), { throwIfNoEntry: false });
}

/** Whether two names are of one file. */
export function sameFile(dir: number, name: ByteText, otherDir: number, otherName: ByteText): boolean {
  const a = lstatAt(dir, name);
  const b = lstatAt(otherDir, otherName);
  return a !== undefined && b !== undefined && a.ino === b.ino && a.dev === b.dev;
}

/**
 * The kernel lets go of a mount whose place is removed by somebody outside of its namespace: so nobody does.
 * @throws SystemError EBUSY
 */
export function refuseBusy(busy: readonly ByteText[], dir: number, name: ByteText): void {
  const above = readlinkSync(`/proc/self/fd/${dir}`, { encoding: 'latin1' });
  const path = `${above === '/' ? '' : above}/${name}`;
  if (busy.some((point) => point === path || point.startsWith(`${path}/`)))
    throw new SystemError('unlinkat', ERRNO.EBUSY, path);
}

/** The error's name of a call that gave a negative number. */
export const codeName = (negative: number): string => new SystemError('', -negative).code;
/** A name as errors show it, not too long. */
export const quote = (text: ByteText): string =>
  JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
