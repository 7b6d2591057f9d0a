/** A build context out of a git repository: fetched and checked out by the distribution's git, as nobody, in a place of its own. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isFailure } from '../../../base/failures.ts';
import { buildFailure } from '../../../model/failures/build.ts';
import { type GitOptions, gitIn, type Repository, type Run } from './git-program.ts';

/** How a repository is checked out. */
export interface CheckOutOptions extends GitOptions {
  /** Of the server's names of the commit one that the checkout's own repository knows it by: `refs/tags/v1`. */
  readonly keptName?: string | undefined;
}

/** Checks the repository out below `place`, an empty directory. Returns the directory with the files. @throws see {@link gitIn} */
export async function checkOut(
  repository: Repository,
  place: string,
  { keptName, ...options }: CheckOutOptions,
): Promise<string> {
  const { tree, run } = await gitIn(place, repository, options);
  await run('failed to init repo for', 'init', '-q');
  await run('failed to set the origin of', 'remote', 'add', 'origin', repository.repository);
  const commit = await fetch(repository, run);
  await run('error checking out', 'checkout', '-q', '-f', '--detach', commit);
  if (existsSync(join(tree, '.gitmodules')))
    await run(
      'error initializing submodules of',
      'submodule',
      '-q',
      'update',
      '--init',
      '--recursive',
      '--depth=1',
    );
  if (keptName !== undefined) await keepName(keptName, repository, run);
  await rm(join(tree, '.git/FETCH_HEAD'), { force: true });
  return tree;
}

/** As a tag, whatever it is: so `git describe` finds it, and no branch is there that could be gone on with. */
async function keepName(name: string, { repository }: Repository, run: Run): Promise<void> {
  const tag = name.replace(/^refs\/(?:heads\/|tags\/)?/, 'refs/tags/');
  const how = ['-q', '--no-recurse-submodules', '--no-tags', '--depth=1'];
  await run('error fetching', 'fetch', ...how, '--', repository, `+${name}:${tag}`);
}

/** The id of the commit that is wanted. Not every server gives a part of its history, or a commit by its id. */
async function fetch({ repository, ref = 'HEAD' }: Repository, run: Run): Promise<string> {
  const attempts: readonly Attempt[] = [
    { how: ['--no-tags', '--depth=1'], what: ref, name: 'FETCH_HEAD' },
    { how: ['--no-tags'], what: ref, name: 'FETCH_HEAD' },
    ...(COMMIT.test(ref) ? [{ how: ['--tags'], what: ALL_BRANCHES, name: ref }] : []),
  ];
  let complaint: unknown;
  for (const { how, what, name } of attempts)
    try {
      await run('error fetching', 'fetch', '-q', '--no-recurse-submodules', ...how, '--', repository, what);
      return await run('error finding', 'rev-parse', '--verify', '-q', `${name}^{commit}`);
    } catch (error) {
      if (!isFailure(error, buildFailure.gitFailed)) throw error;
      // That all branches do not have the commit is nothing that git has words for.
      if (what === ref || complaint === undefined) complaint = error;
    }
  throw complaint;
}

interface Attempt {
  readonly how: readonly string[];
  readonly what: string;
  /** What then names the commit. */
  readonly name: string;
}

const COMMIT = /^[0-9a-f]{4,64}$/;
const ALL_BRANCHES = '+refs/heads/*:refs/remotes/origin/*';
