/** Looks single files of a source up, and reads small ones whole: the Dockerfile, the ignore file. */
import type { ByteText } from '../../formats/tar/entry.ts';
import { piecesOf } from './content.ts';
import type { FileNode } from './node.ts';
import { resolve, resolveExisting } from './resolve.ts';

/** Why a file was not read. */
export type NotRead = 'notRegular' | 'tooLarge';

/** The bytes of the regular file at `path`, links followed. @throws SystemError */
export function readWhole(root: FileNode, path: ByteText, most: number): Uint8Array | NotRead {
  const node = resolveExisting(root, path);
  if (node.type !== 'file') return 'notRegular';
  using content = node.open();
  return content.size > most
    ? 'tooLarge'
    : Buffer.concat(Array.from(piecesOf(content), (piece) => Buffer.from(piece)));
}

/** What stands at a path, links followed. */
export interface FoundFile {
  readonly is: 'file' | 'directory' | 'neither';
  /** Clean, no link in it. */
  readonly path: ByteText;
}

/** @throws SystemError when there is nothing */
export function findFile(root: FileNode, asked: ByteText): FoundFile {
  const { type } = resolveExisting(root, asked);
  const { path } = resolve(root, asked);
  return { is: type === 'file' || type === 'directory' ? type : 'neither', path };
}
