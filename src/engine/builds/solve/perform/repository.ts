/** The files of a repository: of a commit that was checked out before they are here, and only its server is asked which one is meant. */
import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { askedOnce } from '../../../../base/asked-once.ts';
import { inContext } from '../../../../base/errors.ts';
import { isFailure } from '../../../../base/failures.ts';
import { buildFailure } from '../../../../model/failures/build.ts';
import { vertexContext, vertexFailure } from '../../../../model/failures/vertex.ts';
import type { Digest, FileSource } from '../../../../storage/index.ts';
import type { GitAccess } from '../../remote/access.ts';
import { readAddress } from '../../remote/address.ts';
import { commitOf, type NamedCommit } from '../../remote/commit.ts';
import type { Repository } from '../../remote/git-program.ts';
import { openRemote } from '../../remote/open.ts';
import type { Vertex } from '../plan/nodes.ts';
import type { GitKeys } from '../promise.ts';
import { copiedLayer, keptFiles } from './kept-files.ts';
import { accessOf } from './repository-access.ts';
import type { OpenedFiles, Work } from './solving.ts';

/** What is wanted of it. */
export interface RepositoryWish {
  readonly address: string;
  readonly keepGitDir: boolean;
  /** What opens it; undefined: what usually does. */
  readonly opens?: GitKeys | undefined;
}

/** Told of by `vertex`, but for its end. @throws InvalidArgument, in BuildKit's words */
export async function openRepository(work: Work, vertex: Vertex, wish: RepositoryWish): Promise<OpenedFiles> {
  const { scope, teller, ending } = work;
  teller.begin(vertex);
  const repository = readAddress(wish.address);
  if (repository.is !== 'repository') throw new Error('the address of a repository is wanted');
  await using lent = new AsyncDisposableStack();
  const access = askedOnce(() => accessOf(work, repository, wish.opens, lent));
  const at = await askedFor(work, vertex, repository, access);
  const commit = { ...wish, at, access };
  const description = `git snapshot for ${repository.shown}`;
  const kept = { key: keyOf(repository, at, wish), description, type: CHECKOUT };
  try {
    return await keptFiles(work, kept, (signal) => layerOf(work, commit, signal));
  } catch (error) {
    if (!isFailure(error, buildFailure.noLayer)) throw await complained(work, vertex, error);
    return { files: scope.use(await sourceOf(work, commit, ending.signal)), cached: false };
  }
}

/** What is lent is asked for when git goes to the server: nobody is asked for what is here. */
type Access = () => Promise<GitAccess>;

async function askedFor(
  work: Work,
  vertex: Vertex,
  repository: Repository,
  access: Access,
): Promise<NamedCommit> {
  const { deps, teller, ending } = work;
  const { signal } = ending;
  const heard = (text: string): Promise<void> => teller.wrote(vertex, 1, Buffer.from(text));
  await using place = await deps.storage.scratch();
  try {
    return await commitOf(repository, place.path, { proxies: deps.proxies, access, signal, heard });
  } catch (error) {
    throw inContext(await complained(work, vertex, error), vertexContext.loadCacheKey());
  }
}

/** What git complains of is told as it is, too. */
async function complained({ teller }: Work, vertex: Vertex, error: unknown): Promise<unknown> {
  if (isFailure(error, buildFailure.gitFailed))
    await teller.wrote(vertex, 2, Buffer.from(`${error.fields.said}\n`));
  return inWords(error);
}

/** Its commit does not tell all: submodules may lie beside the repository, and what is kept of git names the server. */
const keyOf = (
  { repository, directory }: Repository,
  { commit, name }: NamedCommit,
  { keepGitDir }: RepositoryWish,
): string =>
  createHash('sha256')
    .update(
      JSON.stringify([
        'repository',
        repository,
        commit,
        posix.join('/', directory),
        keepGitDir ? ['.git', name ?? ''] : [],
      ]),
    )
    .digest('hex');

/** As caches tell it. */
const CHECKOUT = 'source.git.checkout';

interface WantedCommit extends RepositoryWish {
  readonly at: NamedCommit;
  readonly access: Access;
}

async function sourceOf(
  { deps }: Work,
  { address, keepGitDir, at, access }: WantedCommit,
  signal: AbortSignal,
): Promise<FileSource> {
  const how = { keepGitDir, at, withoutLinks: true, access: await access(), say: () => undefined, signal };
  await using remote = await openRemote(address, deps, how);
  return await deps.storage.files.openContext(remote.bytes, { signal });
}

async function layerOf(work: Work, commit: WantedCommit, signal: AbortSignal): Promise<Digest> {
  await using source = await sourceOf(work, commit, signal);
  return await copiedLayer(work, { is: 'selected', source, path: '' }, signal);
}

/** What clients know these failures by. */
function inWords(error: unknown): unknown {
  if (isFailure(error, buildFailure.gitFailed)) {
    const fields = error.fields as Parameters<typeof vertexFailure.gitFailed>[0];
    const address = fields.address.replace(/#.*/s, '').replace(/^ssh:\/\/[^/@]*@/, 'ssh://xxxxx@');
    return vertexFailure.gitFailed({ ...fields, address }, { cause: error });
  }
  return error;
}
