/** What the address of a build context means. Pure. */
import { buildFailure } from '../../../model/failures/build.ts';

/** Where a build context lies. `shown` is how it is told: without credentials. */
export type ContextAddress =
  | {
      readonly is: 'repository';
      /** For git, without credentials. */
      readonly repository: string;
      readonly login: { readonly username: string; readonly password: string } | undefined;
      /** A branch, tag or commit; undefined: what the repository's HEAD is. */
      readonly ref: string | undefined;
      /** The directory that is the context; '' is the whole. */
      readonly directory: string;
      readonly shown: string;
    }
  | { readonly is: 'file'; readonly url: URL; readonly shown: string };

const ADDRESS_CHARS_MAX = 4096;
const SCHEMES: readonly string[] = ['http:', 'https:', 'git:', 'ssh:'];
/** `user@host:path` as ssh(1) reads it, of the one user that hosts of repositories have. */
const SCP = /^git@([A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:.]+\]):(?!-)[^\s]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not get through
const CONTROL = /[\u0000-\u001f\u007f]/;
/** What git-check-ref-format(1) refuses, and what begins an option, a forced or a negative refspec. */
const NO_REF = /^[-+^/]|[\s~^:?*[\\]|\.\.|@\{|\/\/|\.lock$|[./]$/;

/** @throws InvalidArgument for what is neither the address of a repository nor of a file on the web */
export function readAddress(text: string): ContextAddress {
  const shown = withoutLogin(text);
  const refuse = (why: string): Error => buildFailure.addressInvalid({ address: shown.slice(0, 200), why });
  if (text.length > ADDRESS_CHARS_MAX) throw refuse(`longer than ${ADDRESS_CHARS_MAX} characters`);
  if (CONTROL.test(text)) throw refuse('it has a control character in it');
  const [place, fragment] = splitAt('#', text);
  if (isRepository(place)) return repositoryAt(place, fragment, shown, refuse);
  const url = /^https?:\/\//i.test(text) ? URL.parse(text) : null;
  if (url === null) throw buildFailure.addressUnknown({ address: shown.slice(0, 200) });
  return { is: 'file', url, shown };
}

/** By how it looks, as every engine has it: nobody is asked. */
export const isRepository = (address: string): boolean =>
  /^(?:git:\/\/|ssh:\/\/|git@|github\.com\/)/.test(address) || /^https?:\/\/[^#]*\.git(?:#|$)/.test(address);

function repositoryAt(
  place: string,
  fragment: string | undefined,
  shown: string,
  refuse: (why: string) => Error,
): ContextAddress {
  const isScp = place.startsWith('git@');
  const { ref, directory } = readFragment(isScp ? fragment : decoded(fragment, refuse), refuse);
  if (isScp) {
    if (!SCP.test(place)) throw refuse('not git@HOST:PATH');
    return { is: 'repository', repository: place, login: undefined, ref, directory, shown };
  }
  const url = URL.parse(place.startsWith('github.com/') ? `https://${place}` : place);
  if (url === null || !SCHEMES.includes(url.protocol)) throw refuse('not the address of a git repository');
  // Names of hosts and paths become words of programs' command lines.
  if (/^-/.test(url.hostname) || /^\/*-/.test(url.pathname)) throw refuse('a part of it begins with "-"');
  const { username, password } = url;
  if (url.protocol !== 'ssh:') url.username = '';
  else if (username.startsWith('-')) throw refuse('a part of it begins with "-"');
  url.password = '';
  const hasLogin = url.protocol.startsWith('http') && (username !== '' || password !== '');
  const login = hasLogin
    ? { username: decoded(username, refuse) ?? '', password: decoded(password, refuse) ?? '' }
    : undefined;
  return { is: 'repository', repository: url.href, login, ref, directory, shown };
}

/** `REF:DIRECTORY`, both of which may be left out. */
function readFragment(
  fragment: string | undefined,
  refuse: (why: string) => Error,
): { ref: string | undefined; directory: string } {
  const [ref, directory = ''] = splitAt(':', fragment ?? '');
  if (CONTROL.test(ref) || NO_REF.test(ref)) throw refuse(`invalid ref ${JSON.stringify(ref)}`);
  if (CONTROL.test(directory) || directory.startsWith('-') || directory.split('/').includes('..'))
    throw refuse(`invalid directory ${JSON.stringify(directory)}`);
  return { ref: ref === '' ? undefined : ref, directory };
}

function splitAt(mark: string, text: string): [before: string, behind: string | undefined] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function decoded(text: string | undefined, refuse: (why: string) => Error): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    throw refuse('it has a broken escape in it');
  }
}

/** Tokens stand in the place of names too. The user of `git@host` and of ssh is no secret. */
export const withoutLogin = (text: string): string =>
  text.replace(/^(\w+:\/\/)[^/?#]*@/, (whole, scheme: string) =>
    scheme === 'ssh://' && !whole.slice(6).includes(':') ? whole : scheme,
  );
