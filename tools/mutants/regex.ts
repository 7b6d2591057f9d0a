/** Changes of a regular expression: anchors, bounds, repetitions, negations. */

/** A piece of a text and what takes its place. */
export interface Change {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** An escape, the start of a group that looks around, a counted repetition, or one character. */
const token = /\\(?:[pPu]\{[^}]*\}|.)|\(\?<?[=!]|\(\?(?::|<[^>]*>)|\{\d+(?:,\d*)?\}|./gs;

const outside: Readonly<Record<string, string>> = {
  '^': '',
  $: '',
  '+': '*',
  '*': '+',
  '?': '',
  '(?=': '(?!',
  '(?!': '(?=',
  '(?<=': '(?<!',
  '(?<!': '(?<=',
};

/** Every change of the expression that stands as `literal`, places counted from its first slash. */
export function regexChanges(literal: string): Change[] {
  const close = literal.lastIndexOf('/');
  const pattern = literal.slice(1, close);
  const flags = literal.slice(close + 1);
  const found: Change[] = [];
  let inClass = false;
  let previous = '';
  for (const { 0: text, index } of pattern.matchAll(token)) {
    const start = index + 1;
    if (inClass) {
      if (text === '^' && previous === '[') found.push({ start, end: start + 1, text: '' });
      if (text === ']') inClass = false;
    } else if (text === '[') inClass = true;
    else if (text in outside) found.push({ start, end: start + text.length, text: outside[text] ?? '' });
    else if (/^\{\d/.test(text))
      found.push({
        start,
        end: start + text.length,
        text: text.replace(/(\d+)(,?\})$/, (_, last: string, end: string) => `${Number(last) + 1}${end}`),
      });
    previous = text;
  }
  return found.filter((change) => isRegex(applied(pattern, change), flags));
}

const applied = (pattern: string, { start, end, text }: Change) =>
  pattern.slice(0, start - 1) + text + pattern.slice(end - 1);

function isRegex(pattern: string, flags: string): boolean {
  try {
    return pattern !== '' && new RegExp(pattern, flags) instanceof RegExp;
  } catch {
    return false;
  }
}
