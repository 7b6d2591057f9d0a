/** Makes the archive of a layer of copies, step by step, in a tree thread. */
import type { ByteText } from '../../formats/tar/entry.ts';
import { splitLast } from '../../formats/tar/path.ts';
import type { PieceMemory } from '../pack/piece-memory.ts';
import { hostFile } from './content.ts';
import { copyDirectory, copyFile, type Target, writeFile } from './copy.ts';
import { type LayerTimes, NewLayer, type Owner, ROOT } from './new-layer.ts';
import type { FileNode } from './node.ts';
import { type FilesSpec, openFiles } from './open-files.ts';
import type { CopiedFiles, CopyStep } from './promise.ts';
import { nodeAt } from './select.ts';
import { isArchive, type Openable, type Reading, unpackInto } from './unpack-step.ts';

type Selected = Omit<Extract<CopiedFiles, { is: 'selected' }>, 'source'> & { readonly files: FilesSpec };

/** A copy as one thread tells another of it. */
export interface ThreadStep extends Omit<CopyStep, 'from'> {
  readonly from: Selected | Exclude<CopiedFiles, { is: 'selected' }>;
}

/** What is copied, and onto what. */
export interface LayerOfCopies extends LayerTimes {
  /** What the layers below show; undefined: there are none. */
  readonly below: FilesSpec | undefined;
  readonly steps: readonly ThreadStep[];
}

/** The archive's pieces, then how many members it has. @throws TarError, SystemError */
export async function* copySteps(
  { below, steps, ...times }: LayerOfCopies,
  memory: PieceMemory,
  reading: Reading,
): AsyncGenerator<Buffer, number> {
  using lower = below && openFiles(below);
  const layer = new NewLayer(lower?.root, memory, times);
  for (const [i, step] of steps.entries()) {
    layer.copy = i + 1;
    layer.remembers = i < steps.length - 1;
    yield* copyStep(layer, step, reading);
  }
  yield* layer.output.end();
  return layer.members;
}

async function* copyStep(layer: NewLayer, step: ThreadStep, reading: Reading): AsyncGenerator<Buffer, void> {
  const { from, destination, owner, mode, likeCp } = step;
  if (from.is === 'selected') {
    using files = openFiles(from.files);
    const node = nodeAt(files.root, from.path, from.exclude);
    yield* copySelected(layer, node, step, from, reading);
    return;
  }
  const target: Target = { destination, name: from.name };
  const entry = { ...(owner ?? ROOT), mode: mode ?? from.mode };
  if (from.is === 'bytes') yield* writeFile(layer, Buffer.from(from.bytes), target, entry);
  else if (
    !(
      from.unpack &&
      (yield* unpacked(layer, hostFile(from.file), destination, likeCp ? owner : undefined, reading))
    )
  )
    yield* writeFile(layer, from.file, target, { ...entry, mtimeNanos: from.mtimeNanos });
}

/** False: it is no archive, and nothing was done. */
async function* unpacked(
  layer: NewLayer,
  file: Openable,
  destination: ByteText,
  owner: Owner | undefined,
  reading: Reading,
): AsyncGenerator<Buffer, boolean> {
  if (!(await isArchive(file, reading))) return false;
  layer.remembers = true;
  yield* unpackInto(layer, file, destination, owner ?? ROOT, reading);
  return true;
}

async function* copySelected(
  layer: NewLayer,
  node: FileNode,
  { destination, owner, mode, likeCp }: ThreadStep,
  { path, name, unpack }: Selected,
  reading: Reading,
): AsyncGenerator<Buffer, void> {
  if (node.type === 'directory') {
    const target = { destination, name: name ?? '' };
    yield* copyDirectory(layer, node, target, { owner, mode, likeCp });
  } else if (!(unpack && (yield* unpacked(layer, node, destination, likeCp ? owner : undefined, reading)))) {
    const target = { destination, name: name ?? splitLast(path)[1] };
    yield* copyFile(layer, node, target, { owner, mode, likeCp });
  }
}
