/** Variables of a stage, put into words of its instructions. Pure. */
import { bytesOf, textOf } from '../../../formats/byte-text.ts';
import type { Expansion, ExpansionBudget } from '../../../formats/dockerfile/expansion.ts';
import type { Escape } from '../../../formats/dockerfile/instruction.ts';
import { expandContent, expandWord, expandWords } from '../../../formats/dockerfile/words.ts';
import type { ByteText } from '../../../formats/tar/entry.ts';

/** Puts variables into words. */
export interface Expander {
  bytes(word: ByteText): ByteText;
  text(word: ByteText): string;
  /** One word may become several. */
  texts(word: ByteText): string[];
  /** A here-document: quotes mean nothing in it. */
  document(text: ByteText): ByteText;
}

/** `values`: variables by name. */
export function expanderOf(
  values: ReadonlyMap<string, string>,
  escapedBy: Escape,
  budget: ExpansionBudget,
): Expander {
  const environment = new Map([...values].map(([name, value]) => [bytesOf(name), bytesOf(value)]));
  const expansion: Expansion = { env: (name) => environment.get(name), escape: escapedBy, budget };
  const bytes = (word: ByteText): ByteText => expandWord(word, expansion);
  return {
    bytes,
    text: (word) => textOf(bytes(word)),
    texts: (word) => expandWords(word, expansion).map(textOf),
    document: (text) => expandContent(text, expansion),
  };
}

/** Puts variables into a line that is shown: quotes stay, and so do variables that are not there. @throws InvalidArgument */
export function shownBy(
  values: ReadonlyMap<string, string>,
  escapedBy: Escape,
  budget: ExpansionBudget,
): (line: ByteText) => string {
  const environment = new Map([...values].map(([name, value]) => [bytesOf(name), bytesOf(value)]));
  const expansion: Expansion = {
    env: (name) => environment.get(name),
    escape: escapedBy,
    budget,
    toBeShown: true,
  };
  return (line) => textOf(expandWord(line, expansion));
}
