/** What a path means in a tree that the kernel does not see as one: links lead inside only, as openat2's RESOLVE_IN_ROOT. */
import type { ByteText } from '../../formats/tar/entry.ts';
import { ERRNO, SystemError } from '../../linux/index.ts';

/** Links that are followed for one path, as the kernel follows at most 40. */
const LINKS_MAX = 40;

/** What a resolver wants to know of a thing. */
export interface Place<T> {
  readonly type: string;
  /** Of a symbolic link: its target. */
  readonly linkPath: ByteText;
  /** What a directory has under a name. */
  find(name: ByteText): T | undefined;
}

/** Where a path led. */
export interface Resolved<T> {
  /** Clean, no link in it; '' is the root. */
  readonly path: ByteText;
  /** What is there; undefined: nothing. */
  readonly node: T | undefined;
}

/**
 * Follows `path` below `root`: absolute links begin at the root, and `..` stays there. Whatever does not exist is taken
 * for a directory that could be made. `follow`: a link at the end is followed too.
 * `strict`: no `..` leads back out of what does not exist.
 * @throws SystemError ENOTDIR, ELOOP, ENOENT for a link to nowhere at all
 */
export function resolve<T extends Place<T>>(
  root: T,
  path: ByteText,
  { follow = true, strict = false }: { readonly follow?: boolean; readonly strict?: boolean } = {},
): Resolved<T> {
  const trail: { readonly name: ByteText; readonly node: T | undefined }[] = [];
  const left = path.split('/').reverse();
  for (let links = 0; left.length > 0; ) {
    const part = left.pop()!;
    const above = trail.length === 0 ? root : trail.at(-1)!.node;
    if (above !== undefined && above.type !== 'directory') throw failed(ERRNO.ENOTDIR, path);
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (strict && above === undefined) throw failed(ERRNO.ENOENT, path);
      trail.pop();
      continue;
    }
    const node = above?.find(part);
    const isFollowed = node?.type === 'symlink' && (follow || left.length > 0);
    if (!isFollowed) trail.push({ name: part, node });
    else {
      if (++links > LINKS_MAX) throw failed(ERRNO.ELOOP, path);
      if (node.linkPath === '') throw failed(ERRNO.ENOENT, path);
      if (node.linkPath.startsWith('/')) trail.length = 0;
      left.push(...node.linkPath.split('/').reverse());
    }
  }
  return {
    path: trail.map(({ name }) => name).join('/'),
    node: trail.length === 0 ? root : trail.at(-1)!.node,
  };
}

/** The same, for what must be there. @throws SystemError ENOENT too */
export function resolveExisting<T extends Place<T>>(root: T, path: ByteText): T {
  const { node } = resolve(root, path);
  if (node === undefined) throw failed(ERRNO.ENOENT, path);
  return node;
}

const failed = (errno: number, path: ByteText): SystemError =>
  new SystemError('open', errno, Buffer.from(`/${path.replace(/^\/+/, '')}`, 'latin1').toString());
