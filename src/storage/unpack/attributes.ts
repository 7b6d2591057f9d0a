/** Owner, mode, times and extended attributes of what an archive brings. */
import { Failed } from '../../base/errors.ts';
import { type IdMap, type IdRange, type Owner, toHostId } from '../../base/id-map.ts';
import type { ByteText, TarEntry } from '../../formats/tar/entry.ts';
import {
  chmodFd,
  chmodNameAt,
  chownFd,
  chownNameAt,
  ERRNO,
  pathBytes,
  SystemError,
  setTimesNameAt,
  trySetXattrAt,
  trySetXattrFd,
} from '../../linux/index.ts';
import { isOverlays } from '../lookup/describe.ts';
import { lstatAt, quote } from './names-at.ts';

const OPAQUE_XATTR = 'trusted.overlay.opaque';

/** Gives what was just made its attributes, as its header says. */
export class Attributes {
  readonly #owner: Owner | undefined;
  readonly #map: IdMap | undefined;

  /** `owner`: whose everything is; undefined: as the archive says. `map`: by which these ids are to be read. */
  constructor(owner: Owner | undefined, map?: IdMap | undefined) {
    this.#owner = owner;
    this.#map = map;
  }

  /** In ids of the host. @throws Failed */
  #ownerOf(entry: TarEntry): Owner {
    const { uid, gid } = this.#owner ?? entry;
    if (this.#map === undefined) return { uid, gid };
    return { uid: mapped(this.#map.uids, uid), gid: mapped(this.#map.gids, gid) };
  }

  /** The directory open as `fd` hides everything below it in lower layers (overlayfs, "whiteouts and opaque directories"). */
  makeOpaque(fd: number, path: ByteText): void {
    this.#set(trySetXattrFd(fd, OPAQUE_XATTR, Buffer.from('y')), OPAQUE_XATTR, path);
  }

  /** To what is open as `fd`. Owner before mode and attributes: chown takes set-id bits and capabilities away. */
  ofOpen(fd: number, entry: TarEntry): void {
    const { uid, gid } = this.#ownerOf(entry);
    chownFd(fd, uid, gid);
    chmodFd(fd, entry.mode);
    for (const [name, value] of entry.xattrs)
      if (!isOverlays(name)) this.#set(trySetXattrFd(fd, pathBytes(name), value), name, entry.path);
  }

  /** The same for what is not open, such as links and devices; and its times. */
  ofName(dir: number, name: ByteText, entry: TarEntry): void {
    const bytes = pathBytes(name);
    const { uid, gid } = this.#ownerOf(entry);
    chownNameAt(dir, bytes, uid, gid);
    if (entry.type !== 'symlink') chmodNameAt(dir, bytes, entry.mode);
    for (const [attribute, value] of entry.xattrs)
      if (!isOverlays(attribute))
        this.#set(trySetXattrAt(dir, name, pathBytes(attribute), value), attribute, entry.path);
    setTimesNameAt(dir, bytes, atimeOf(entry), entry.mtimeNanos);
  }

  /** A file system without an attribute's name space, and `user.` on links and devices, are no reason to refuse an image. */
  #set(result: number, name: ByteText, path: ByteText): void {
    if (result >= 0) return;
    const tolerated = result === -ERRNO.EOPNOTSUPP || (result === -ERRNO.EPERM && name.startsWith('user.'));
    if (!tolerated) throw new SystemError('setxattr', -result, `${quote(path)} ${quote(name)}`);
  }

  /** The link's own header has the last word. What it does not change is let be: chown would take capabilities away. */
  ofLink(entry: TarEntry, dir: number, name: ByteText): void {
    const found = lstatAt(dir, name);
    if (!found) return;
    const { uid, gid } = this.#ownerOf(entry);
    const isOwned = found.uid === uid && found.gid === gid;
    if (found.isSymbolicLink()) {
      if (!isOwned) chownNameAt(dir, pathBytes(name), uid, gid);
    } else if (!isOwned || (found.mode & 0o7777) !== (entry.mode & 0o7777)) this.ofName(dir, name, entry);
    else setTimesNameAt(dir, pathBytes(name), atimeOf(entry), entry.mtimeNanos);
  }
}

/** In dockerd's words. */
function mapped(ranges: readonly IdRange[], id: number): number {
  const found = toHostId(ranges, id);
  if (found === undefined) throw new Failed(`container ID ${id} cannot be mapped to a host ID`);
  return found;
}

/** A file was not read before it was written. */
export const atimeOf = (entry: TarEntry): bigint =>
  entry.atimeNanos !== undefined && entry.atimeNanos > entry.mtimeNanos ? entry.atimeNanos : entry.mtimeNanos;
