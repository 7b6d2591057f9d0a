/** `--progress=plain`, without what differs from run to run. */
import { SHARED_BASE, settledWords } from './settled-words.ts';

/** How much of it has come so far is chance. */
const UNDER_WAY = /^(?!\d+\.\d+ ).* [\d.]+[kM]?B( \/ [\d.]+[kM]?B)?( \d+\.\d+s)?$/;

/** Work of several targets that is the same is called after one of them. */
const OF_TARGET = /^\[[\w-]+ (?=\d+\/\d+\]|internal\]|stage-)/;

/**
 * Work that goes on side by side is told in pieces: each is put together, and they stand in the order of their names.
 * `shared`: several targets are built.
 */
export function plainBlocks(text: string, shared = false): string {
  const blocks = new Map<string, string[]>();
  const words: string[] = [];
  for (const line of text.replaceAll('\r', '').split('\n')) {
    const [, number, said = ''] = /^#(\d+) ?(.*)$/.exec(line) ?? [];
    if (number === undefined) words.push(line);
    else if (said !== '...' && !UNDER_WAY.test(said))
      blocks.set(number, [...(blocks.get(number) ?? []), said]);
  }
  const named = (line: string): string =>
    timeless(shared ? line.replace(OF_TARGET, '[') : line).replace(SHARED_BASE, 'FROM ');
  const told = [...blocks.values()]
    .map((lines) => asBase(withoutRepeats(lines.map(named))).join('\n  '))
    .toSorted();
  return settledWords([...told, ...words.map(timeless)].join('\n')).replace(/\n{2,}/g, '\n');
}

/** A block that was left and taken up again says its name again; what took a while was told of before it was done. */
const withoutRepeats = ([name = '', ...lines]: readonly string[]): string[] => [
  name,
  ...lines.filter(
    (line, i) =>
      line.startsWith('<time>') ||
      (line !== name &&
        lines.lastIndexOf(line) === i &&
        !lines.some((other) => other.startsWith(`${line} `))),
  ),
];

/** A base was had before or was not, and is looked up when it is named or when it is used: that is chance, or an engine's own. */
function asBase([name = '', ...lines]: readonly string[]): readonly string[] {
  if (!/^FROM |context \S+\] (?!load )/.test(name)) return [name, ...lines];
  const rest = lines.filter((line) => !/^(DONE|CACHED|resolve .*)$/.test(line));
  return [name.replace(/@sha256:\w+$/, ''), ...rest, ...(rest.length < lines.length ? ['DONE'] : [])];
}

const timeless = (line: string): string =>
  line
    .replace(/^(DONE|ERROR|CANCELED) \d+\.\d+s$/, '$1')
    .replace(/ \d+\.\d+s( done)?$/, '$1')
    .replace(/^\d+\.\d+ /, '<time> ');
