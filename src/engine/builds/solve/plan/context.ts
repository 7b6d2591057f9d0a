/** What a build reads besides stages and images: its context, and repositories. Pure. */
import { textOf } from '../../../../formats/byte-text.ts';
import type { ByteText } from '../../../../formats/tar/entry.ts';
import { vertexFailure } from '../../../../model/failures/vertex.ts';
import { isRepository } from '../../remote/address.ts';
import type { PartInput } from '../promise.ts';
import { type FilesNode, repositoryNode, repositoryOf } from './nodes.ts';
import type { CopyStep } from './steps.ts';

/** The build context, as much of it as is wanted. */
export function contextNode(
  input: FilesNode['input'],
  wanted: Pick<FilesNode, 'followPaths' | 'excludePatterns'>,
): FilesNode {
  const repository = repositoryOf(input);
  if (repository) return repositoryNode(repository);
  if (input.is === 'part') return partNode(input);
  const name = `[internal] load ${input.is === 'client' ? 'build' : 'remote build'} context`;
  return { is: 'files', name, ranges: [], input, ...wanted };
}

/** What a client's graph copies: the whole of it, whoever wants how much. */
export const partNode = (input: PartInput): FilesNode => ({
  ...{ is: 'files', name: input.name, ranges: [], input, followPaths: [], excludePatterns: [] },
});

/** Whether a word of ADD names one: `github.com/…` may be a path there. */
export const namesRepository = (word: ByteText): boolean =>
  /^(?:git@|(?:https?|git|ssh):\/\/)/.test(word) && isRepository(textOf(word));

/** The repositories that an ADD names: each is told as the step is. */
export const repositoriesOf = (
  { sources, keepGitDir }: CopyStep,
  name: string,
): ReadonlyMap<ByteText, FilesNode> =>
  new Map(
    sources.filter(namesRepository).map((word) => {
      const input = { is: 'remote', address: textOf(word), ...(keepGitDir ? { keepGitDir } : {}) } as const;
      return [word, repositoryNode(input, name)];
    }),
  );

/** Whether one names a file of the web: what it brings is a vertex of its own, of the same name. */
export const isOfWeb = (word: ByteText): boolean => /^https?:\/\//.test(word) && !namesRepository(word);

/** @throws InvalidArgument: what lies elsewhere is ADD's, and a checksum is one file's */
export function refuseElsewhere({ command, sources, checksum }: CopyStep): void {
  if (command === 'COPY' && sources.some(namesRepository)) throw vertexFailure.repositoryInCopy();
  if (command === 'COPY' && sources.some(isOfWeb)) throw vertexFailure.urlInCopy();
  if (checksum === undefined) return;
  if (sources.length !== 1) throw vertexFailure.checksumOfSeveral();
  if (!sources.some(isOfWeb)) throw vertexFailure.checksumNotOfWeb();
}
