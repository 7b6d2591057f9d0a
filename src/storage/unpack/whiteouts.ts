/** Whiteouts: names in a layer's archive that hide what lower layers have (OCI image specification, "Whiteouts"). */
import { closeSync, constants } from 'node:fs';
import { type ByteText, TarError } from '../../formats/tar/entry.ts';
import { ERRNO, pathBytes, S_IFCHR, SystemError, tryMknodAt, tryOpenAt } from '../../linux/index.ts';
import type { Attributes } from './attributes.ts';
import { lstatAt, quote } from './names-at.ts';

/** What such names begin with. */
export const WHITEOUT = '.wh.';
/** The one that hides all that lower layers have in its directory. */
export const OPAQUE = '.wh..wh..opq';
/** Names of the union file system that images were first made on; they mean nothing here. */
const RESERVED = '.wh..wh.';
const OPEN_DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** What a member hides: all that is below its directory, one name beside it, or nothing. @throws TarError */
export function hiddenBy(
  name: ByteText,
  path: ByteText,
): { readonly is: 'all' } | { readonly is: 'nothing' } | { readonly is: 'name'; readonly name: ByteText } {
  if (name === OPAQUE) return { is: 'all' };
  if (name.startsWith(RESERVED)) return { is: 'nothing' };
  const hidden = name.slice(WHITEOUT.length);
  if (hidden === '' || hidden === '.' || hidden === '..')
    throw new TarError(`${quote(path)}: whiteout of nothing`);
  return { is: 'name', name: hidden };
}

/** Hides a name of lower layers, in the form that overlayfs reads. @throws SystemError */
export function hide(dir: number, name: ByteText, path: ByteText, attributes: Attributes): void {
  const made = tryMknodAt(dir, pathBytes(name), S_IFCHR, 0);
  // What the same archive brought stays: a whiteout hides lower layers only. A directory then hides all below it.
  if (made === -ERRNO.EEXIST) hideBelow(dir, name, attributes);
  else if (made < 0) throw new SystemError('mknodat', -made, quote(path));
}

function hideBelow(dir: number, name: ByteText, attributes: Attributes): void {
  const fd = tryOpenAt(dir, pathBytes(name), OPEN_DIRECTORY);
  if (fd < 0) return;
  attributes.makeOpaque(fd, name);
  closeSync(fd);
}

/** Whether a name hides one of lower layers, in overlayfs's form. */
export function isWhiteout(dir: number, name: ByteText): boolean {
  const found = lstatAt(dir, name);
  return found !== undefined && (found.mode & 0o170000) === S_IFCHR && found.rdev === 0;
}
