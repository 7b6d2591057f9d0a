/** Looks into a result: its files, as a client's own build function asks for them. Nothing in it is followed outside. */
import { posix } from 'node:path';
import { codeOf, NotFound } from '../../../base/errors.ts';
import { bytesOf, textOf } from '../../../formats/byte-text.ts';
import type { ByteText } from '../../../formats/tar/entry.ts';
import { outputFailure } from '../../../model/failures/output.ts';
import type { DescribedFile, FileSource, Storage } from '../../../storage/index.ts';
import type { NewImage } from '../../images/steps.ts';
import type { SolvedFile } from '../solve/promise.ts';

/** What results are read with. */
export interface ReadDeps {
  readonly storage: { readonly files: Pick<Storage['files'], 'openLayers'> };
}

/** A regular file, whole. @throws NotFound, InvalidArgument */
export async function readResult(
  { chainId }: Pick<NewImage, 'chainId'>,
  path: string,
  options: Parameters<FileSource['readFile']>[1],
  { storage }: ReadDeps,
): Promise<Buffer> {
  await using files = storage.files.openLayers(chainId);
  return await files.readFile(cleaned(path), options);
}

/** What is in a directory. @throws NotFound, InvalidArgument */
export async function listResult(
  { chainId }: Pick<NewImage, 'chainId'>,
  path: string,
  signal: AbortSignal,
  { storage }: ReadDeps,
): Promise<readonly SolvedFile[]> {
  await using files = storage.files.openLayers(chainId);
  const found = await looked(files.listDirectory(cleaned(path), signal), path);
  return found.map(asText);
}

/** One thing, a link being itself. @throws NotFound, InvalidArgument */
export async function statResult(
  { chainId }: Pick<NewImage, 'chainId'>,
  path: string,
  signal: AbortSignal,
  { storage }: ReadDeps,
): Promise<SolvedFile> {
  await using files = storage.files.openLayers(chainId);
  const found = await looked(files.statFile(cleaned(path), signal), path);
  return found.path === '' ? { ...found, path: '/' } : asText(found);
}

/** Without slashes at the ends, and without a way out. */
const cleaned = (path: string): ByteText => bytesOf(posix.normalize(`/${path}`).replace(/^\/+|\/+$/g, ''));

const asText = (file: DescribedFile): SolvedFile => ({
  ...file,
  path: textOf(file.path),
  linkname: textOf(file.linkname),
});

/** @throws NotFound, InvalidArgument for what is no directory */
async function looked<T>(answer: Promise<T>, path: string): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (codeOf(error) === 'ENOTDIR')
      throw outputFailure.noDirectory({ path: path.replace(/^\/+/, '') }, { cause: error });
    if (error instanceof NotFound) throw outputFailure.fileMissing({ path }, { cause: error });
    throw error;
  }
}
