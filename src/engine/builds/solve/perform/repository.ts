/** The files of a repository: of a commit that was checked out before they are here, and only its server is asked which one is meant. */
import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { inContext, messageOf } from '../../../../base/errors.ts';
import { isFailure } from '../../../../base/failures.ts';
import { formatNanos } from '../../../../base/time.ts';
import { hostPlatform } from '../../../../formats/platform.ts';
import { buildFailure } from '../../../../model/failures/build.ts';
import { vertexContext, vertexFailure } from '../../../../model/failures/vertex.ts';
import type { Digest, FileSource } from '../../../../storage/index.ts';
import { emptyImage, type NewImage, type StepImage } from '../../../images/steps.ts';
import { held } from '../../perform/hold.ts';
import type { GitAccess } from '../../remote/access.ts';
import { readAddress } from '../../remote/address.ts';
import { commitOf, type NamedCommit } from '../../remote/commit.ts';
import type { Repository } from '../../remote/git-program.ts';
import { openRemote } from '../../remote/open.ts';
import type { Vertex } from '../plan/nodes.ts';
import type { GitKeys } from '../promise.ts';
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
  const { deps, scope, teller, ending } = work;
  teller.begin(vertex);
  const repository = readAddress(wish.address);
  if (repository.is !== 'repository') throw new Error('the address of a repository is wanted');
  await using lent = new AsyncDisposableStack();
  const access = onceAsked(() => accessOf(work, repository, wish.opens, lent));
  const at = await askedFor(work, vertex, repository, access);
  const key = keyOf(repository, at, wish);
  const known = deps.cache.find(key);
  const layers = (image: StepImage): FileSource =>
    scope.use(deps.storage.files.openLayers(held(work, image).chainId));
  if (known) return { files: layers(known), cached: true };
  try {
    const files = layers(await checkedOut(work, repository, { ...wish, key, at, access }));
    return { files, cached: false };
  } catch (error) {
    if (!isFailure(error, buildFailure.noLayer)) throw await complained(work, vertex, error);
    const files = await sourceOf(work, { ...wish, at, access }, ending.signal);
    return { files: scope.use(files), cached: false };
  }
}

/** What is lent is asked for when git goes to the server: what is here is nobody asked for. */
type Access = () => Promise<GitAccess>;

function onceAsked(ask: Access): Access {
  let asked: Promise<GitAccess> | undefined;
  return () => {
    asked ??= ask();
    return asked;
  };
}

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

async function checkedOut(
  work: Work,
  { shown }: Repository,
  { key, ...commit }: WantedCommit & { readonly key: string },
): Promise<StepImage> {
  const { deps, ending, scope } = work;
  const nothing = emptyImage(hostPlatform());
  const wanted = {
    ...{ key, from: nothing.id, description: `git snapshot for ${shown}`, again: false, type: CHECKOUT },
    ...{ say: async () => undefined, signal: ending.signal },
    began: (over: Promise<void>): void => scope.defer(() => over),
  };
  return await deps.cache.perform(wanted, async (_say, signal): Promise<NewImage> => {
    const diffId = await layerOf(work, commit, signal);
    const { description } = wanted;
    return deps.images.layered(nothing, { diffId, created: formatNanos(deps.now()), description });
  });
}

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

/** @throws `build.noLayer`: there are names in it that no layer can have, and in an image they may never come */
async function layerOf(work: Work, commit: WantedCommit, signal: AbortSignal): Promise<Digest> {
  const { deps, lease } = work;
  await using source = await sourceOf(work, commit, signal);
  const copy = { from: { is: 'selected', source, path: '' }, destination: '/', owner: undefined } as const;
  const whole = { parent: undefined, steps: [{ ...copy, likeCp: true }], evenIfEmpty: true };
  const made = await deps.storage.layers
    .addFiles({ ...whole, unsettled: true, lease, signal })
    .catch((error: unknown) => {
      signal.throwIfAborted();
      throw buildFailure.noLayer({ why: messageOf(error) }, { cause: error });
    });
  if (made === undefined) throw new Error('a layer that was asked for in any case is made');
  return made.diffId;
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
