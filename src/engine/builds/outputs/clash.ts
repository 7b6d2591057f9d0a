/** Results for several platforms that go into one directory: no file of one may replace another's. */
import { textOf } from '../../../formats/byte-text.ts';
import type { ByteText } from '../../../formats/tar/entry.ts';
import { outputFailure } from '../../../model/failures/output.ts';
import type { DescribedFile, FileSource, Storage } from '../../../storage/index.ts';
import type { SolvedImage } from '../solve/solved.ts';

/** Go's `os.ModeDir`, the highest of all bits. */
const DIRECTORY = 2 ** 31;

/** The files of one platform. */
interface Side {
  readonly platform: string;
  readonly files: FileSource;
}

/** @throws InvalidArgument when two of them have a file of one name */
export async function refuseClash(
  results: readonly SolvedImage[],
  { openLayers }: Pick<Storage['files'], 'openLayers'>,
  signal: AbortSignal,
): Promise<void> {
  await using scope = new AsyncDisposableStack();
  const sides = results.map(({ platform, image }) => ({
    platform,
    files: scope.use(openLayers(image.chainId)),
  }));
  await compare('', sides, signal);
}

/** Directory by directory, so that no more than one level of names is in memory; what only one of them has is not looked at. */
async function compare(path: ByteText, sides: readonly Side[], signal: AbortSignal): Promise<void> {
  const directories = new Map<ByteText, Side[]>();
  const owners = new Map<ByteText, Side>();
  for (const side of sides)
    for (const file of await side.files.listDirectory(path, signal)) {
      const at = path === '' ? file.path : `${path}/${file.path}`;
      if (isDirectory(file)) directories.set(at, [...(directories.get(at) ?? []), side]);
      else if (!owners.has(at)) owners.set(at, side);
      else
        throw outputFailure.wouldOverwrite({
          path: textOf(at),
          first: owners.get(at)?.platform ?? '',
          second: side.platform,
        });
    }
  for (const [at, both] of directories) if (both.length > 1) await compare(at, both, signal);
}

const isDirectory = ({ mode }: DescribedFile): boolean => mode >= DIRECTORY;
