/** git of the distribution at work on a repository: as nobody, in a place of its own, with nobody's configuration. */
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asNobody, NOBODY, runProgram } from '../../../linux/index.ts';
import { buildFailure } from '../../../model/failures/build.ts';
import type { Proxies } from '../../../registry/index.ts';
import type { GitAccess } from './access.ts';
import type { ContextAddress } from './address.ts';

/** A repository that is read. */
export type Repository = Extract<ContextAddress, { is: 'repository' }>;

/** How git is run. */
export interface GitOptions {
  readonly proxies: Proxies | undefined;
  /** Undefined: what stands in the address is all there is. */
  readonly access?: GitAccess | undefined;
  readonly signal: AbortSignal;
}

/** Runs git and returns what it printed. `doing`: for the message when it fails. @throws see {@link git} */
export type Run = (doing: string, ...words: string[]) => Promise<string>;

/** Where a repository is read. */
export interface GitPlace {
  /** The directory that git works in. */
  readonly tree: string;
  readonly run: Run;
}

const GIT = '/usr/bin/git';
const UNSHARE = '/usr/bin/unshare';
/** Of git's complaints, as much as a message needs. */
const SAID_CHARS = 2000;
/** Of what it prints: servers list all of their names that end alike. */
const PRINTED_CHARS = 1 << 20;
/** Where the work stands for programs that may not pass through the data root: in a mount namespace of their own. */
const STAND_IN = '/tmp';

/** What holds for git and for every git that it starts: submodules are fetched by others of its kind. */
const CONFIG = `[core]
	hooksPath = /dev/null
	fsmonitor = false
	autocrlf = false
[gc]
	auto = 0
[maintenance]
	auto = false
[protocol]
	allow = never
[protocol "http"]
	allow = always
[protocol "https"]
	allow = always
[protocol "git"]
	allow = always
[protocol "ssh"]
	allow = always
[http]
	lowSpeedLimit = 1
	lowSpeedTime = 60
[safe]
	directory = *
`;

/** `place`: an empty directory. @throws Failed: there is no git here */
export async function gitIn(
  place: string,
  repository: Repository,
  { proxies, access = {}, signal }: GitOptions,
): Promise<GitPlace> {
  if (!existsSync(GIT)) throw buildFailure.gitMissing();
  const work = await prepare(repository, place, proxies, access);
  return { tree: work.tree, run: (doing, ...words) => git(work, { doing, words, repository, signal }) };
}

/** Where git works, as we see it and as it does. */
interface Work {
  readonly tree: string;
  /** Before git's own words; empty: it runs as we do. */
  readonly before: readonly string[];
  /** The place as git sees it. */
  readonly seen: string;
  readonly env: readonly string[];
}

async function prepare(
  { login, repository }: Repository,
  place: string,
  proxies: Proxies | undefined,
  { authorization, ssh }: GitAccess,
): Promise<Work> {
  const nobody = asNobody();
  const isApart = nobody.length > 0 && existsSync(UNSHARE);
  const seen = isApart ? STAND_IN : place;
  const [home, tree] = [join(place, 'home'), join(place, 'tree')];
  const made = [home, tree, join(home, 'config'), join(home, 'logins')] as const;
  for (const path of made.slice(0, 2)) await mkdir(path, { mode: 0o700 });
  const helper = login ? `[credential]\n\thelper = store --file=${seen}/home/logins\n` : '';
  await writeFile(made[2], CONFIG + helper, { mode: 0o600 });
  await writeFile(made[3], login ? `${withLogin(repository, login)}\n` : '', { mode: 0o600 });
  const known = join(home, 'known-hosts');
  if (ssh?.knownHosts !== undefined) await writeFile(known, ssh.knownHosts);
  await ssh?.lay(join(place, 'agent'));
  if (isApart) {
    if (ssh) await chown(join(place, 'agent'), NOBODY, NOBODY);
    for (const path of made) await chown(path, NOBODY, NOBODY);
    await chmod(place, 0o711);
  }
  const before = isApart
    ? [UNSHARE, '--mount', '--propagation=private', '--', ...MOVED, place, ...nobody]
    : [];
  const env = [
    ...environment(seen),
    ...proxied(proxies),
    ...(ssh ? bySsh(ssh, seen) : ['GIT_SSH_COMMAND=ssh -oBatchMode=yes']),
    ...(authorization ? authorized(authorization) : []),
  ];
  return { tree, before, seen, env };
}

/** Shows the work, whose path comes first, at the stand-in; then runs what follows. */
const MOVED = ['/bin/sh', '-c', `mount --bind -- "$1" ${STAND_IN} && shift && exec "$@"`, 'sh'] as const;

/** In the form of git-credential-store(1). A command line can be read by every user of the machine. */
function withLogin(repository: string, { username, password }: NonNullable<Repository['login']>): string {
  const { protocol, host } = new URL(repository);
  return `${protocol}//${encodeURIComponent(username)}:${encodeURIComponent(password)}@${host}`;
}

interface Command {
  /** For the message when it fails. */
  readonly doing: string;
  readonly words: readonly string[];
  readonly repository: Repository;
  readonly signal: AbortSignal;
}

/** Runs git and returns what it printed. @throws InvalidArgument with its complaint, or the signal's reason */
async function git(work: Work, { doing, words, repository, signal }: Command): Promise<string> {
  const [first = GIT, ...rest] = [...work.before, GIT, '-C', `${work.seen}/tree`, ...words];
  const { printed, complaint, status } = await runProgram([first, ...rest], {
    ...{ env: work.env, cwd: '/', signal },
    most: { printed: PRINTED_CHARS, complaint: SAID_CHARS },
  });
  if (status?.code === 0) return printed;
  const ended = status?.code ?? 'an unknown status';
  const said = complaint || `git ended with ${ended}`;
  throw buildFailure.gitFailed({ doing, address: repository.shown, said, status: ended });
}

/** Nothing of ours, of the machine's or of a user's configuration. */
const environment = (seen: string): readonly string[] => [
  'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  'LC_ALL=C.UTF-8',
  `HOME=${seen}/home`,
  `XDG_CONFIG_HOME=${seen}/home`,
  `GIT_CONFIG_GLOBAL=${seen}/home/config`,
  'GIT_CONFIG_NOSYSTEM=1',
  'GIT_ATTR_NOSYSTEM=1',
  'GIT_ALLOW_PROTOCOL=http:https:git:ssh',
  'GIT_TERMINAL_PROMPT=0',
  'GIT_NO_REPLACE_OBJECTS=1',
  'GIT_SSH_VARIANT=ssh',
];

const proxied = ({ http, https, none }: Proxies = { http: '', https: '', none: '' }): readonly string[] => [
  ...(http === '' ? [] : [`http_proxy=${http}`]),
  ...(https === '' ? [] : [`https_proxy=${https}`]),
  ...(none === '' ? [] : [`no_proxy=${none}`]),
];

/** A host that could not be asked for its keys has whichever it shows. */
const bySsh = ({ knownHosts }: NonNullable<GitAccess['ssh']>, seen: string): readonly string[] => {
  const known = knownHosts === undefined ? '/dev/null' : `${seen}/home/known-hosts`;
  const strict = knownHosts === undefined ? 'no' : 'yes';
  const options = `-oBatchMode=yes -oLogLevel=ERROR -oUserKnownHostsFile=${known} -oStrictHostKeyChecking=${strict}`;
  return [`SSH_AUTH_SOCK=${seen}/agent`, `GIT_SSH_COMMAND=ssh -F /dev/null ${options}`];
};

/** On no command line, which all users can read, and on no disk. git hands it on to the git of a submodule. */
const authorized = ({ scope, value }: NonNullable<GitAccess['authorization']>): readonly string[] => [
  'GIT_CONFIG_COUNT=1',
  `GIT_CONFIG_KEY_0=http.${scope}.extraheader`,
  `GIT_CONFIG_VALUE_0=Authorization: ${value}`,
];
