/** A source as one thread tells another of it, and the same opened, in a tree thread. */
import { closeSync, constants, openSync } from 'node:fs';
import type { ByteText } from '../../formats/tar/entry.ts';
import { LowerTree, type Whiteouts } from '../diff/lower-tree.ts';
import type { SharedIndex } from './context-index.ts';
import { contextRoot } from './context-tree.ts';
import { without } from './filtered-tree.ts';
import { layersRoot } from './layer-tree.ts';
import type { FileNode } from './node.ts';

/** Which files, and where they lie. */
export type FilesOrigin =
  /** `data`: the file with the contents. */
  { readonly is: 'context'; readonly index: SharedIndex; readonly data: string } | LayersOrigin;

/** Unpacked layers: their directories, topmost first. */
export interface LayersOrigin {
  readonly is: 'layers';
  readonly layers: readonly string[];
  readonly whiteouts: Whiteouts;
}

/** A source, and the views of it: each leaves out what its ignore patterns exclude. */
export interface FilesSpec {
  readonly origin: FilesOrigin;
  readonly views: readonly (readonly ByteText[])[];
}

/** A source that is open: its nodes are good until it is disposed of. */
export interface OpenFiles extends Disposable {
  readonly root: FileNode;
}

/** @throws SystemError when the files have gone */
export function openFiles({ origin, views }: FilesSpec): OpenFiles {
  const { root, close } = openOrigin(origin);
  let seen = root;
  for (const patterns of views) seen = without(seen, patterns);
  return { root: seen, [Symbol.dispose]: close };
}

function openOrigin(origin: FilesOrigin): { root: FileNode; close: () => void } {
  if (origin.is === 'layers') {
    const tree = new LowerTree(origin.layers, origin.whiteouts);
    return { root: layersRoot(tree), close: () => undefined };
  }
  const data = openSync(origin.data, constants.O_RDONLY);
  return { root: contextRoot(origin.index, data), close: () => closeSync(data) };
}
