/** One thing out of a repository, as a client's graph copies it: a link is copied as one. */
import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { NotFound } from '../../../../base/errors.ts';
import { textOf } from '../../../../formats/byte-text.ts';
import { kindOfGoMode } from '../../../../formats/file-sync/mode.ts';
import { literalPattern } from '../../../../formats/path-match.ts';
import type { ByteText } from '../../../../formats/tar/entry.ts';
import type { FileSelection, FileSource } from '../../../../storage/index.ts';
import type { Vertex } from '../plan/nodes.ts';
import type { PartInput } from '../promise.ts';
import { copiedLayer, keptFiles } from './kept-files.ts';
import { missing } from './missing.ts';
import type { OpenedFiles, Work } from './solving.ts';

/** Told of by `vertex`, but for its end. @throws NotFound, in BuildKit's words */
export async function openPart(
  work: Work,
  vertex: Vertex,
  input: PartInput,
  source: FileSource,
): Promise<OpenedFiles> {
  const { signal } = work.ending;
  const path = posix.normalize(`/${Buffer.from(input.path).toString('latin1')}`).replace(/^\/|\/$/g, '');
  const { exclude, ...selection } = await selectionOf(source, path, input.contents, signal);
  const [[chosen] = []] = await source.select({ ...selection, exclude, owners: true }, signal);
  if (chosen === undefined) throw missing(textOf(`/${path}`), vertex.digest);
  work.teller.begin(vertex);
  const key = createHash('sha256')
    .update(JSON.stringify(['part', path, input.contents, chosen.digest]))
    .digest('hex');
  const from = { is: 'selected', source, path: chosen.path, exclude } as const;
  return await keptFiles(work, { key, description: input.name }, (doing) => copiedLayer(work, from, doing));
}

/** What is copied under its own name is all of its directory but for the others. */
async function selectionOf(
  source: FileSource,
  path: ByteText,
  contents: boolean,
  signal: AbortSignal,
): Promise<FileSelection> {
  const kind = await kindAt(source, path, signal);
  const isWhole = path === '' || kind === undefined || (contents && kind === 'directory');
  if (isWhole) return { sources: [literalPattern(path)] };
  const [directory, name] = [posix.dirname(path), posix.basename(path)];
  return {
    sources: [literalPattern(directory === '.' ? '' : directory)],
    exclude: ['*', `!${literalPattern(name)}`],
  };
}

/** Undefined: there is nothing, as choosing it tells. */
async function kindAt(
  source: FileSource,
  path: ByteText,
  signal: AbortSignal,
): Promise<ReturnType<typeof kindOfGoMode>> {
  try {
    return kindOfGoMode((await source.statFile(path, signal)).mode);
  } catch (error) {
    if (error instanceof NotFound) return undefined;
    throw error;
  }
}
