/**
 * Names of images: `[domain[:port]/]path[:tag][@digest]`, in the short form that people write and the full one. The
 * grammar is that of the OCI distribution specification with Docker's defaults.
 */

import { InvalidArgument } from '../base/errors.ts';
import { referenceFailure } from '../model/failures/reference.ts';

/** A name of an image, in its full form. */
export interface ImageReference {
  /** `docker.io` when the short form has none. */
  readonly domain: string;
  /** With `library/` where the short form leaves it out. */
  readonly path: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

/** A reference, or the digest that an image's id is. */
export type AnyReference =
  | { readonly is: 'id'; readonly id: string }
  | { readonly is: 'name'; readonly reference: ImageReference };

const DEFAULT_DOMAIN = 'docker.io';
const LEGACY_DOMAIN = 'index.docker.io';
const OFFICIAL = 'library/';
const DEFAULT_TAG = 'latest';
/** Longest name (domain and path). */
const NAME_MAX = 255;
/** Name, `:` tag of 128, `@` digest of sha512: nothing longer is looked at. */
const TEXT_MAX = NAME_MAX + 1 + 128 + 1 + 'sha512:'.length + 128;

const label = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const domainPattern = `(?:${label}(?:\\.${label})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const component = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const pathPattern = `${component}(?:/${component})*`;
const tagPattern = '[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}';
const FULL = new RegExp(`^(${domainPattern})/(${pathPattern})(?::(${tagPattern}))?(?:@([^@]+))?$`);
const TAG = new RegExp(`^${tagPattern}$`);
const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$/;
const BARE_ID = /^[0-9a-f]{64}$/;

/** @throws InvalidArgument with the words that Docker's clients know */
export function parseReference(text: string): ImageReference {
  if (BARE_ID.test(text))
    throw new InvalidArgument(
      `invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`,
    );
  if (text.length > TEXT_MAX) throw new InvalidArgument('invalid reference format');
  const [domain, rest] = splitDomain(text);
  const name = rest.split(':', 1)[0] ?? '';
  if (name.toLowerCase() !== name)
    throw new InvalidArgument(`invalid reference format: repository name (${name}) must be lowercase`);
  const parts = FULL.exec(`${domain}/${rest}`);
  if (!parts) throw new InvalidArgument('invalid reference format');
  const [, , path = '', tag, digest] = parts;
  if (domain.length + 1 + path.length > NAME_MAX)
    throw new InvalidArgument(`repository name must not be more than ${NAME_MAX} characters`);
  if (digest !== undefined && !DIGEST.test(digest)) throw new InvalidArgument('invalid reference format');
  return { domain, path, tag, digest };
}

/** An id of 64 digits, a digest, or a name. @throws InvalidArgument */
export function parseAnyReference(text: string): AnyReference {
  if (BARE_ID.test(text)) return { is: 'id', id: `sha256:${text}` };
  if (DIGEST.test(text)) return { is: 'id', id: text };
  return { is: 'name', reference: parseReference(text) };
}

/**
 * The repository without the defaults: `docker.io/library/busybox` is `busybox`. A path that would be read as another
 * registry's keeps its domain: `docker.io/example.org/app`.
 */
export function familiarName({ domain, path }: ImageReference): string {
  if (domain !== DEFAULT_DOMAIN || beginsWithHost(path)) return `${domain}/${path}`;
  const official = path.startsWith(OFFICIAL) ? path.slice(OFFICIAL.length) : path;
  return official.includes('/') ? path : official;
}

/** As people write it, with tag and digest. */
export function familiarString(reference: ImageReference): string {
  const { tag, digest } = reference;
  return `${familiarName(reference)}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

/** `latest` where neither tag nor digest is said. */
export function withDefaultTag(reference: ImageReference): ImageReference {
  return reference.tag === undefined && reference.digest === undefined
    ? { ...reference, tag: DEFAULT_TAG }
    : reference;
}

/**
 * The reference under which an image is stored: one tag or one digest. A digest beside a tag decides alone.
 */
export function storedForm(reference: ImageReference): ImageReference {
  return reference.digest === undefined ? withDefaultTag(reference) : { ...reference, tag: undefined };
}

/**
 * The name to pull and, beside it, a tag or digest: the one beside takes the place of one of its kind in the name.
 * @throws InvalidArgument
 */
export function parseNameToPull(name: string, beside: string | undefined): ImageReference {
  const named = parseReference(name);
  if (!beside) return named;
  const repository = `${named.domain}/${named.path}`;
  if (DIGEST.test(beside)) return parseReference(`${repository}@${beside}`);
  return { ...parseReference(`${repository}:${beside}`), digest: named.digest };
}

/**
 * `repo` and `tag` as two parameters of a request. An empty tag is `latest` unless the repository brings one.
 * @throws InvalidArgument
 */
export function parseRepoAndTag(repo: string, tag: string | undefined): ImageReference {
  const reference = parseReference(repo);
  if (reference.digest !== undefined) throw new InvalidArgument('cannot import digest reference');
  if (tag === undefined || tag === '') return withDefaultTag(reference);
  if (!TAG.test(tag)) throw referenceFailure.tagInvalid({ tag });
  return { ...reference, tag };
}

/** What stands before the first slash, if any. */
const firstComponent = (text: string): string => text.slice(0, Math.max(0, text.indexOf('/')));

/** A first component is a registry's name when it looks like a host: a dot, a port, an upper-case letter, `localhost`. */
function beginsWithHost(text: string): boolean {
  const first = firstComponent(text);
  return first === 'localhost' || /[.:]/.test(first) || first.toLowerCase() !== first;
}

function splitDomain(text: string): [domain: string, rest: string] {
  const first = firstComponent(text);
  const isHost = beginsWithHost(text);
  const domain = !isHost || first === LEGACY_DOMAIN ? DEFAULT_DOMAIN : first;
  const rest = isHost ? text.slice(first.length + 1) : text;
  return [domain, domain === DEFAULT_DOMAIN && !rest.includes('/') ? OFFICIAL + rest : rest];
}
