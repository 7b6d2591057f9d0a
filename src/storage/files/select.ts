/** What a build's words for sources mean in a tree: paths and patterns, and a digest of what copying each would bring. */
import { createHash, type Hash } from 'node:crypto';
import type { Digest } from '../../formats/digest.ts';
import { ignoreMatcher } from '../../formats/ignore-patterns.ts';
import { hasWildcards, pathMatcher } from '../../formats/path-match.ts';
import { type ByteText, TarError } from '../../formats/tar/entry.ts';
import { splitLast } from '../../formats/tar/path.ts';
import { quote } from '../unpack/names-at.ts';
import { without } from './filtered-tree.ts';
import { CAPABILITIES, type FileNode } from './node.ts';
import type { FileSelection, SelectedFile } from './promise.ts';
import { resolve, resolveExisting } from './resolve.ts';

/** @throws TarError for what cannot be copied, InvalidArgument for a broken pattern, SystemError */
export async function selectFiles(
  root: FileNode,
  { sources, exclude, owners }: FileSelection,
  cancelled: AbortSignal,
): Promise<SelectedFile[][]> {
  const matcher = ignoreMatcher(exclude ?? []);
  const selected: SelectedFile[][] = [];
  for (const source of sources) {
    const found: SelectedFile[] = [];
    for (const path of meant(root, source)) {
      const node = nodeAt(root, path, exclude);
      // Patterns speak of what is in a directory, and of a file by its name.
      if (node.type === 'file' && matcher.excludes(splitLast(path)[1])) continue;
      if (node.type !== 'file' && node.type !== 'directory')
        throw new TarError(`${quote(path)} is a ${node.type}, which cannot be copied`);
      const digest = await new CopyDigest(owners ?? false, cancelled).of(node);
      found.push({ path, is: node.type, digest });
    }
    selected.push(found);
  }
  return selected;
}

/** What stands at a path, links followed, without what a copy leaves out. @throws SystemError */
export function nodeAt(root: FileNode, path: ByteText, exclude: readonly string[] | undefined): FileNode {
  return without(resolveExisting(root, path), exclude);
}

/** Clean paths that a source's words mean. */
function meant(root: FileNode, source: ByteText): ByteText[] {
  // What has no wildcards is a path as it stands, backslashes too; else one whose special characters they escape.
  const path = source.replace(/^\/+/, '').replace(/^(?:\.\/+)+/, '');
  if (hasWildcards(path)) return [...matches(root, path)];
  const plain = [cleaned(path), cleaned(path.replace(/\\(.)/gs, '$1'))];
  return plain.filter((each) => resolve(root, each).node).slice(0, 1);
}

/** Without `.`, `..` and empty parts; `..` does not leave the root. */
function cleaned(path: ByteText): ByteText {
  const parts: ByteText[] = [];
  for (const part of path.split('/'))
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  return parts.join('/');
}

/** Everything whose whole path matches, directories in the order of their names. */
function* matches(root: FileNode, pattern: ByteText): Generator<ByteText> {
  const isMatch = pathMatcher(pattern);
  // A star does not take slashes, but a set of characters may.
  const depth = pattern.includes('[') ? Number.POSITIVE_INFINITY : pattern.split('/').length;
  yield* below(root, '', 1);
  function* below(directory: FileNode, above: ByteText, level: number): Generator<ByteText> {
    for (const name of directory.names()) {
      const path = above + name;
      if (isMatch(path)) yield path;
      const node = level < depth ? directory.find(name) : undefined;
      if (node?.type === 'directory') yield* below(node, `${path}/`, level + 1);
    }
  }
}

/** What copying something would bring, as one number. */
class CopyDigest {
  readonly #hash: Hash = createHash('sha256');
  readonly #owners: boolean;
  readonly #cancelled: AbortSignal;

  constructor(owners: boolean, cancelled: AbortSignal) {
    this.#owners = owners;
    this.#cancelled = cancelled;
  }

  async of(node: FileNode): Promise<Digest> {
    if (node.type === 'directory') await this.#entries(node, '');
    else await this.#add(node, '');
    return `sha256:${this.#hash.digest('hex')}` as Digest;
  }

  /** Its own mode does not count: a directory's entries are copied, not itself. */
  async #entries(directory: FileNode, above: ByteText): Promise<void> {
    for (const name of directory.names()) {
      const node = directory.find(name);
      if (node === undefined || node.type === 'socket') continue;
      const path = above + name;
      await this.#add(node, path);
      if (node.type === 'directory') await this.#entries(node, `${path}/`);
    }
  }

  async #add(node: FileNode, path: ByteText): Promise<void> {
    this.#cancelled.throwIfAborted();
    const { type, mode, size, linkPath, major, minor, uid, gid, xattrs } = node.describe(path);
    const owner = this.#owners ? `${uid}:${gid}` : '';
    const capabilities = (this.#owners && xattrs.get(CAPABILITIES)?.toString('hex')) || '';
    const content = type === 'file' ? (await node.hash(this.#cancelled)).toString('hex') : '';
    const device = type === 'char' || type === 'block' ? `${major}:${minor}` : '';
    const facts = [
      path,
      type,
      type === 'symlink' ? '' : mode,
      owner,
      type === 'file' ? size : '',
      linkPath,
      capabilities,
      device,
      content,
    ];
    this.#hash.update(`${facts.join('\0')}\n`, 'latin1');
  }
}
