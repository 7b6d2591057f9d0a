/** The files of layers, as nodes: read where they were unpacked, nothing is mounted. */
import { createHash } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ByteText, TarEntry } from '../../formats/tar/entry.ts';
import { tarEntry } from '../../formats/tar/writer.ts';
import type { LowerDirectory, LowerEntry, LowerTree } from '../diff/lower-tree.ts';
import { describe, typeOf } from '../lookup/describe.ts';
import { type Content, hostFile, piecesOf } from './content.ts';
import { byBytes, type FileNode } from './node.ts';

/** The root of what `tree` shows. */
export const layersRoot = (tree: LowerTree): FileNode => new LayerNode(tree, tree.root, undefined);

class LayerNode implements FileNode {
  readonly #tree: LowerTree;
  readonly #directory: LowerDirectory | undefined;
  /** Undefined: the root. */
  readonly #entry: LowerEntry | undefined;
  readonly type: FileNode['type'];

  constructor(tree: LowerTree, directory: LowerDirectory | undefined, entry: LowerEntry | undefined) {
    this.#tree = tree;
    this.#directory = directory;
    this.#entry = entry;
    const type = entry ? typeOf(entry.stat) : 'directory';
    this.type = type === 'hardlink' || type === undefined ? 'socket' : type;
  }

  get #at(): ByteText {
    return (this.#entry?.at ?? Buffer.alloc(0)).toString('latin1');
  }
  get linkPath(): ByteText {
    return this.type === 'symlink' ? readlinkSync(this.#entry!.at, { encoding: 'latin1' }) : '';
  }
  get identity(): string | undefined {
    const stat = this.#entry?.stat;
    return stat && !stat.isDirectory() && stat.nlink > 1n ? `${stat.dev}:${stat.ino}` : undefined;
  }
  find(name: ByteText): FileNode | undefined {
    const found = this.#tree.find(this.#directory, name);
    return found && new LayerNode(this.#tree, found.directory, found);
  }
  names(): ByteText[] {
    return this.#tree.names(this.#directory).sort(byBytes);
  }
  describe(path: ByteText): TarEntry {
    if (!this.#entry || this.type === 'socket') return tarEntry({ path, type: 'directory' });
    return describe(path, this.type, this.#at, this.#entry.stat);
  }
  open(): Content {
    return hostFile(this.#entry!.at).open();
  }
  async hash(cancelled: AbortSignal): Promise<Buffer> {
    using content = this.open();
    const hash = createHash('sha256');
    let bytes = 0;
    for (const piece of piecesOf(content)) {
      hash.update(piece);
      bytes += piece.length;
      if (bytes === content.size) break;
      await nextTurn();
      cancelled.throwIfAborted();
    }
    return hash.digest();
  }
}
