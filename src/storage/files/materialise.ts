/** Makes real files of a source's, for mounts. */
import { closeSync, constants, openSync } from 'node:fs';
import type { ByteText } from '../../formats/tar/entry.ts';
import { TreeWriter } from '../unpack/tree-writer.ts';
import { piecesOf } from './content.ts';
import type { Owner } from './new-layer.ts';
import type { FileNode } from './node.ts';
import { resolveExisting } from './resolve.ts';

/**
 * Writes what is at `path` into the empty directory `into`: what is in a directory, or a regular file under the name
 * `file`. `owner`: whose everything is; undefined: as the source says. @throws SystemError
 */
export function materialise(
  root: FileNode,
  path: ByteText,
  into: string,
  owner: Owner | undefined,
): undefined {
  const node = resolveExisting(root, path);
  const target = openSync(into, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  const writer = new TreeWriter(target, { whiteouts: 'plain' });
  try {
    new Materialising(writer, owner).write(node, node.type === 'file' ? 'file' : '');
    writer.finish();
  } finally {
    writer.close();
    closeSync(target);
  }
}

class Materialising {
  readonly #writer: TreeWriter;
  readonly #owner: Owner | undefined;
  readonly #firstNames = new Map<string, ByteText>();

  constructor(writer: TreeWriter, owner: Owner | undefined) {
    this.#writer = writer;
    this.#owner = owner;
  }

  write(node: FileNode, path: ByteText): void {
    if (node.type === 'socket') return;
    const entry = { ...node.describe(path === '' ? './' : path), ...this.#owner };
    const { identity } = node;
    const first = identity === undefined ? undefined : this.#firstNames.get(identity);
    if (first === undefined) this.#writer.entry(entry);
    else this.#writer.entry({ ...entry, type: 'hardlink', linkPath: first, size: 0 });
    if (node.type === 'file' && first === undefined) this.#content(node);
    this.#writer.end();
    if (identity !== undefined) this.#firstNames.set(identity, first ?? path);
    if (node.type !== 'directory') return;
    for (const name of node.names()) {
      const child = node.find(name);
      if (child) this.write(child, path === '' ? name : `${path}/${name}`);
    }
  }

  #content(node: FileNode): void {
    using content = node.open();
    let at = 0;
    for (const piece of piecesOf(content)) {
      this.#writer.data(piece, at);
      at += piece.length;
    }
  }
}
