/** Files as fsutil and Go describe them: to receivers of files, and to clients that look into a result. */
import { goMode } from '../../formats/file-sync/mode.ts';
import type { FileStat } from '../../formats/file-sync/packet.ts';
import type { ByteText } from '../../formats/tar/entry.ts';
import { ERRNO, SystemError } from '../../linux/index.ts';
import type { FileNode } from './node.ts';
import type { DescribedFile } from './promise.ts';
import { resolve, resolveExisting } from './resolve.ts';

/** `path`: what it is called. */
export function goStat(node: FileNode, path: ByteText): FileStat {
  const { mode, uid, gid, size, mtimeNanos, linkPath, major, minor, xattrs } = node.describe(path);
  // Sockets are told as files without bytes.
  const type = node.type === 'socket' ? 'file' : node.type;
  const isLink = type === 'symlink';
  return {
    path,
    mode: goMode(type, isLink ? 0o777 : mode),
    uid,
    gid,
    size: isLink ? linkPath.length : size,
    mtimeNanos,
    linkname: isLink ? linkPath : '',
    major,
    minor,
    xattrs,
  };
}

/** What is at a path, a link being itself. @throws SystemError */
export function describeFile(root: FileNode, path: ByteText): DescribedFile {
  const { node, path: clean } = resolve(root, path, { follow: false });
  if (!node) throw new SystemError('open', ERRNO.ENOENT, shown(path));
  return described(node, clean.slice(clean.lastIndexOf('/') + 1));
}

/** What is in a directory, by name. @throws SystemError */
export function describeEntries(root: FileNode, path: ByteText): DescribedFile[] {
  const directory = resolveExisting(root, path);
  if (directory.type !== 'directory') throw new SystemError('open', ERRNO.ENOTDIR, shown(path));
  return directory.names().flatMap((name) => {
    const node = directory.find(name);
    return node ? [described(node, name)] : [];
  });
}

function described(node: FileNode, name: ByteText): DescribedFile {
  const { major: _, minor: __, xattrs: ___, ...file } = goStat(node, name);
  return file;
}

const shown = (path: ByteText): string => Buffer.from(`/${path}`, 'latin1').toString();
