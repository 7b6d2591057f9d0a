/** What ADD brings from the web: a file, or the files of a git repository. */
import { textOf } from '../../../formats/byte-text.ts';
import { parseDigest } from '../../../formats/digest.ts';
import type { ByteText } from '../../../formats/tar/entry.ts';
import { stepFailure } from '../../../model/failures/step.ts';
import type { FileSource } from '../../../storage/index.ts';
import type { Say } from '../output.ts';
import type { CopyStep } from '../plan/step.ts';
import { isRepository } from '../remote/address.ts';
import { downloadTo } from '../remote/download.ts';
import { openRemote, type RemoteDeps } from '../remote/open.ts';
import { type Item, sha256 } from './item.ts';
import type { Building } from './shared.ts';

/** Whether the source lies elsewhere. @throws InvalidArgument: COPY takes nothing from the web */
export function isRemote(word: ByteText, command: CopyStep['command']): boolean {
  if (/^https?:\/\//i.test(word)) {
    if (command === 'COPY') throw stepFailure.urlInCopy();
    return true;
  }
  return command === 'ADD' && /^(?:git@|(?:git|ssh):\/\/)/.test(word);
}

/** Who brings it. */
type Bringing = { readonly deps: RemoteDeps } & Pick<Building, 'signal'>;
/** How it is brought. */
type Brought = Pick<CopyStep, 'checksum' | 'destination' | 'exclude' | 'keepGitDir' | 'unpack'>;

/** What is brought is gone when `scope` ends. @throws InvalidArgument, Failed */
export const remoteItem = (
  building: Bringing,
  step: Brought,
  word: ByteText,
  scope: AsyncDisposableStack,
  say: Say,
): Promise<Item> =>
  isRepository(textOf(word))
    ? repositoryItem(building, step, word, scope, say)
    : fileItem(building, step, word, scope, say);

async function fileItem(
  { deps, signal }: Bringing,
  { checksum, destination, unpack = false }: Brought,
  address: ByteText,
  scope: AsyncDisposableStack,
  say: Say,
): Promise<Item> {
  const text = textOf(address);
  const url = URL.parse(text);
  if (url === null) throw stepFailure.addressInvalid({ address: text });
  const { path } = scope.use(await deps.storage.scratch());
  const wanted = checksum === undefined ? undefined : parseDigest(checksum);
  const options = { download: deps.download, checksum: wanted, say, signal };
  const file = await downloadTo(`${path}/file`, url, options);
  if (file.name === undefined && destination.endsWith('/')) throw stepFailure.nameMissing({ address: text });
  const { name = 'file', mtimeNanos } = file;
  return {
    hash: `file:${sha256(`${name} ${file.digest}`)}`,
    from: { is: 'file', name, file: file.path, mode: 0o600, mtimeNanos, unpack },
    below: '',
  };
}

/** Its checkout, as if it were a directory of the context. */
async function repositoryItem(
  { deps, signal }: Bringing,
  { checksum, exclude, keepGitDir }: Brought,
  address: ByteText,
  scope: AsyncDisposableStack,
  say: Say,
): Promise<Item> {
  if (checksum !== undefined) throw stepFailure.checksumOfRepository();
  await using remote = await openRemote(textOf(address), deps, { say, signal, keepGitDir });
  const source = scope.use(await deps.storage.files.openContext(remote.bytes, { signal }));
  return await wholeItem(source, exclude, signal);
}

/** All of a source, as a directory. */
export async function wholeItem(
  source: FileSource,
  exclude: readonly ByteText[],
  signal: AbortSignal,
): Promise<Item> {
  const [[file] = []] = await source.select({ sources: [''], exclude }, signal);
  return {
    hash: `dir:${file?.digest.slice('sha256:'.length) ?? ''}`,
    from: { is: 'selected', source, path: '', exclude },
    below: '',
  };
}
