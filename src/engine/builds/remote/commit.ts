/** Which commit the name in a repository's address means: its server is asked, and nothing is fetched. */
import { buildFailure } from '../../../model/failures/build.ts';
import type { GitAccess } from './access.ts';
import { type GitOptions, gitIn, type Repository } from './git-program.ts';

/** A commit of a repository. */
export interface NamedCommit {
  readonly commit: string;
  /** What the server calls it, in full: `refs/heads/main`. Undefined: it was named by its id, and nobody was asked. */
  readonly name: string | undefined;
}

/** How it is asked for. */
export interface AskOptions extends Omit<GitOptions, 'access'> {
  /** What opens it: wanted if its server is asked. */
  readonly access?: (() => Promise<GitAccess>) | undefined;
  /** Gets the server's answers, as git prints them. */
  readonly heard: (text: string) => Promise<void>;
}

const ID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/** `place`: an empty directory. @throws InvalidArgument: there is no such name; see {@link gitIn} */
export async function commitOf(
  repository: Repository,
  place: string,
  { heard, access, ...options }: AskOptions,
): Promise<NamedCommit> {
  const { ref } = repository;
  if (ref !== undefined && ID.test(ref)) return { commit: ref, name: undefined };
  const { run } = await gitIn(place, repository, { ...options, access: await access?.() });
  const ask = async (doing: string, ...words: string[]): Promise<string> => {
    const printed = await run(doing, 'ls-remote', ...words);
    const answer = printed === '' ? '' : `${printed}\n`;
    await heard(answer);
    return answer;
  };
  const { repository: url } = repository;
  const wanted = ref ?? headIn(await ask(DEFAULT_BRANCH, '--symref', '--', url, 'HEAD'), repository);
  const answer = await ask('failed to fetch remote', '--', url, wanted, `${wanted}^{}`);
  const found = namedIn(answer, wanted);
  if (found === undefined) throw buildFailure.refMissing({ ref: wanted, answer });
  return found;
}

const DEFAULT_BRANCH = 'error fetching default branch for repository';

function headIn(answer: string, { shown }: Repository): string {
  const [, branch] = /refs\/heads\/(\S+)/.exec(answer) ?? [];
  if (branch === undefined) throw buildFailure.branchMissing({ address: shown });
  return branch;
}

/** A name in full comes before a branch, a branch before a tag; of a tag with words of its own it is what that names. */
function namedIn(answer: string, ref: string): NamedCommit | undefined {
  const ids = new Map<string, string>();
  for (const line of answer.split('\n')) {
    const [id = '', name = ''] = line.split('\t');
    if (ID.test(id)) ids.set(name, id);
  }
  const fully = (folder: string): string =>
    `${folder}${ref.startsWith(folder) ? ref.slice(folder.length) : ref}`;
  for (const name of ['refs/', 'refs/heads/', 'refs/tags/'].map(fully)) {
    const commit = ids.get(`${name}^{}`) ?? ids.get(name);
    if (commit !== undefined) return { commit, name };
  }
  return undefined;
}
