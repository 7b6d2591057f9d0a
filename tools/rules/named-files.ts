/** Files that comments and documentation name exist. */
import type { Finding } from './finding.ts';
import type { House, Page } from './house.ts';

/** Rooms, whose files may be named without `src/`. */
const ROOM = 'api|base|cli|daemon|engine|formats|model|network|registry|runtime|storage';
/** `pull.ts`, `images/pull.ts`, `../docs/logs.md`; `src/engine/images`, `engine/images/pull`. */
const BY_ENDING = /(?<![\w./<>*-])(?:\.{0,2}\/)?(?:[\w@-][\w.@-]*\/)*[\w@-][\w.@-]*\.(?:ts|md)(?![\w(*-])/g;
const BY_FOLDER = new RegExp(
  `(?<![\\w./<>*-])(?:(?:src|test|tools|bench|contrib|docs)/|(?:${ROOM})/(?=[\\w-]+/[\\w-]|[a-z-]+\`))[\\w./-]*\\w(?![\\w*<]|[.]?[{*])`,
  'g',
);
/** What changed is told with the names of its time. */
const history = new Set(['CHANGELOG.md']);

/** Names of files, in comments and in pages, that are no file's. */
export function namedFiles({ sources, pages, files }: House): Finding[] {
  const known = knownNames(files);
  const lasting = pages.filter(({ path }) => !history.has(path));
  return [
    ...sources.flatMap((page) =>
      commentsOf(page.text).flatMap(({ text, at }) => complaints(page, namesIn(text, at), known)),
    ),
    ...lasting.flatMap((page) => complaints(page, namesIn(page.text, 0), known)),
  ];
}

/** A file's name, and where it begins in the text. */
interface Named {
  readonly name: string;
  readonly at: number;
}

function namesIn(text: string, from: number): readonly Named[] {
  const withoutAddresses = text.replace(/\b[a-z]+:\/\/\S+/g, (address) => ' '.repeat(address.length));
  const matches = [...withoutAddresses.matchAll(BY_ENDING), ...withoutAddresses.matchAll(BY_FOLDER)];
  return matches.map((match) => ({ name: match[0], at: from + match.index }));
}

/** Each file and folder by its path and by every part of it that is no less than a whole name. */
function knownNames(files: readonly string[]): ReadonlySet<string> {
  const known = new Set<string>();
  for (const file of files) {
    const parts = file.split('/');
    for (let from = 0; from < parts.length; from += 1)
      for (let to = from + 1; to <= parts.length; to += 1) known.add(parts.slice(from, to).join('/'));
    // A decision is known by its number.
    known.add(file.replace(/(\/\d{4})-.*$/, '$1'));
    if (file.endsWith('.ts'))
      for (let from = 0; from < parts.length - 1; from += 1)
        known.add(parts.slice(from).join('/').replace(/\.ts$/, ''));
  }
  return known;
}

function complaints(page: Page, names: readonly Named[], known: ReadonlySet<string>): Finding[] {
  const unknown = names.filter(({ name }) => !known.has(name.replace(/^(?:\.{0,2}\/)+/, '')));
  return unknown.map(({ name, at }) => {
    const line = page.text.slice(0, at).split('\n').length;
    return { rule: 'named-file', path: page.path, line, name, says: `names ${name}, which does not exist` };
  });
}

/** The comments of a text and where each begins. */
export function commentsOf(text: string): readonly { readonly text: string; readonly at: number }[] {
  // Strings and templates are matched to be passed over: what looks like a comment inside of one is none.
  const parts = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\[\s\S])*`/g;
  const matches = [...text.matchAll(parts)].filter(([part]) => part.startsWith('/'));
  return matches.map((match) => ({ text: match[0], at: match.index }));
}
