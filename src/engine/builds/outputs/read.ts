/** Looks into a result: its files, as a client's own build function asks for them. Nothing in it is followed outside. */
import { constants } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { posix } from 'node:path';
import { bytesOf, textOf } from '../../../formats/byte-text.ts';
import type { ByteText } from '../../../formats/tar/entry.ts';
import { outputFailure } from '../../../model/failures/output.ts';
import type { FileSource, Storage } from '../../../storage/index.ts';
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
  options: { readonly most: number; readonly signal: AbortSignal },
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
  const found = await entriesOf(files, cleaned(path), signal);
  return found.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** One thing, a link being itself. @throws NotFound, InvalidArgument */
export async function statResult(
  { chainId }: Pick<NewImage, 'chainId'>,
  path: string,
  signal: AbortSignal,
  { storage }: ReadDeps,
): Promise<SolvedFile> {
  await using files = storage.files.openLayers(chainId);
  const clean = cleaned(path);
  if (clean === '') {
    await using root = await files.materialise('', signal);
    return { ...(await describe(root.path, '')), path: '/' };
  }
  const name = textOf(posix.basename(clean));
  const above = posix.dirname(clean);
  const entries = await entriesOf(files, above === '.' ? '' : above, signal);
  const found = entries.find((entry) => entry.path === name);
  if (!found) throw outputFailure.fileMissing({ path });
  return found;
}

/** Without slashes at the ends, and without a way out. */
const cleaned = (path: string): ByteText => bytesOf(posix.normalize(`/${path}`).replace(/^\/+|\/+$/g, ''));

async function entriesOf(files: FileSource, path: ByteText, signal: AbortSignal): Promise<SolvedFile[]> {
  await using place = await files.materialise(path, signal);
  if (!(await lstat(place.path)).isDirectory()) throw outputFailure.noDirectory({ path: textOf(path) });
  const names = await readdir(place.path);
  return await Promise.all(names.map((name) => describe(place.path, name)));
}

async function describe(directory: string, name: string): Promise<SolvedFile> {
  const at = `${directory}/${name}`;
  const stat = await lstat(at, { bigint: true });
  return {
    path: name,
    mode: goMode(Number(stat.mode)),
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    size: stat.isFile() ? Number(stat.size) : 0,
    mtimeNanos: stat.mtimeNs,
    linkname: stat.isSymbolicLink() ? await readlink(at) : '',
  };
}

const { S_IFMT, S_IFDIR, S_IFLNK, S_IFBLK, S_IFCHR, S_IFIFO, S_IFSOCK } = constants;
/** Bits of Go's `os.FileMode`, by the kinds of stat(2). */
const GO_KINDS: ReadonlyMap<number, number> = new Map([
  [S_IFDIR, 2 ** 31],
  [S_IFLNK, 2 ** 27],
  [S_IFBLK, 2 ** 26],
  [S_IFIFO, 2 ** 25],
  [S_IFSOCK, 2 ** 24],
  [S_IFCHR, 2 ** 26 + 2 ** 21],
]);
const GO_BITS: readonly (readonly [unix: number, go: number])[] = [
  [0o4000, 2 ** 23],
  [0o2000, 2 ** 22],
  [0o1000, 2 ** 20],
];

/** As Go's `os.FileMode` has it. */
export const goMode = (mode: number): number =>
  (mode & 0o777) +
  (GO_KINDS.get(mode & S_IFMT) ?? 0) +
  GO_BITS.filter(([bit]) => mode & bit).reduce((sum, [, go]) => sum + go, 0);
