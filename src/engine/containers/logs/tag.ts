/** The `tag` option: a small part of Go's templates over what a log driver knows of a container. Pure. */
import type { EngineError } from '../../../base/errors.ts';
import { logFailure } from '../../../model/failures/log.ts';
import { brief } from '../../../model/log-options.ts';

/** What `{{.Name}}` and the like stand for. */
export type TagFields = Readonly<Record<string, TagValue>>;
/** What a name in a template can stand for. */
export type TagValue = string | number | readonly string[] | Readonly<Record<string, string>>;

type Call = (args: readonly TagValue[]) => TagValue;

const text = (value: TagValue | undefined): string => {
  if (value === undefined) return '<no value>';
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  if (Array.isArray(value)) return `[${value.join(' ')}]`;
  const entries = Object.entries(value as Readonly<Record<string, string>>).sort(([a], [b]) =>
    a < b ? -1 : 1,
  );
  return `map[${entries.map(([key, one]) => `${key}:${one}`).join(' ')}]`;
};
const number = (value: TagValue | undefined): number => Math.max(0, Math.min(1000, Number(text(value)) || 0));

const FUNCTIONS: Readonly<Record<string, Call>> = {
  json: ([value]) => JSON.stringify(value),
  lower: ([value]) => text(value).toLowerCase(),
  upper: ([value]) => text(value).toUpperCase(),
  title: ([value]) =>
    text(value).replace(/(^|\s)(\S)/g, (_, gap: string, first: string) => gap + first.toUpperCase()),
  truncate: ([value, length]) => text(value).slice(0, number(length)),
  pad: ([value, before, after]) =>
    text(value) === '' ? '' : `${' '.repeat(number(before))}${text(value)}${' '.repeat(number(after))}`,
  split: ([value, by]) => text(value).split(text(by)),
  join: ([value, by]) => (Array.isArray(value) ? joined(value, text(by)) : text(value)),
  index: ([value, key]) => member(value, key),
  print: (values) => values.map(text).join(''),
  printf: ([format, ...values]) => {
    let next = 0;
    return text(format).replace(/%[svdq%]/g, (verb) =>
      verb === '%%' ? '%' : verb === '%q' ? JSON.stringify(text(values[next++])) : text(values[next++]),
    );
  },
};

function joined(values: readonly string[], by: string): string {
  if (values.length * by.length > VALUE_CHARS_MAX) throw tooLong();
  return values.join(by);
}

function member(value: TagValue | undefined, key: TagValue | undefined): TagValue {
  if (Array.isArray(value)) return value[number(key)] ?? '';
  const members = (typeof value === 'object' ? value : {}) as Readonly<Record<string, string>>;
  return Object.hasOwn(members, text(key)) ? (members[text(key)] ?? '') : '';
}

/** A tag is a few words: a template of this length is none. */
const TEMPLATE_CHARS_MAX = 4096;
/** What a function is given and gives: each `json` of a template may double it. */
const VALUE_CHARS_MAX = 64 << 10;

/** `name` of the template, in errors. @throws InvalidArgument with Go's words for what it has and we know no more of */
export function fillTag(template: string, fields: TagFields): string {
  if (template.length > TEMPLATE_CHARS_MAX) throw wrong(`longer than ${TEMPLATE_CHARS_MAX} characters`);
  let filled = '';
  let from = 0;
  // No expression: one that looks for both ends takes for ever over blanks, or over beginnings without an end.
  for (let open = template.indexOf('{{'); open >= 0; open = template.indexOf('{{', from)) {
    const close = template.indexOf('}}', open + 2);
    if (close < 0) throw wrong('unclosed action');
    const action = template.slice(open + 2, close);
    const [trimsBefore, trimsAfter] = [/^-\s/.test(action), /\s-$/.test(action)];
    const inside = action.slice(trimsBefore ? 1 : 0, trimsAfter ? -1 : undefined).trim();
    const before = template.slice(from, open);
    filled += trimsBefore ? before.trimEnd() : before;
    const column = template.indexOf(inside, open);
    if (!/^\/\*.*\*\/$/s.test(inside)) filled += text(pipeline(inside, column, fields));
    from = close + 2;
    while (trimsAfter && /\s/.test(template.charAt(from))) from++;
  }
  return filled + template.slice(from);
}

const wrong = (why: string): EngineError => logFailure.tagInvalid({ why });
const tooLong = (): EngineError => wrong(`a value is longer than ${VALUE_CHARS_MAX} characters`);

function pipeline(inside: string, column: number, fields: TagFields): TagValue {
  let value: TagValue | undefined;
  for (const command of splitOutside(inside, '|')) {
    const words = splitOutside(command.trim(), ' ').filter((word) => word !== '');
    if (words.length === 0) throw wrong('missing value for command');
    value = commandValue(words, value, column, fields);
  }
  return value ?? '';
}

/** Pieces between separators that stand in no quotes. */
function splitOutside(whole: string, separator: string): string[] {
  const pieces = [''];
  for (const [part] of whole.matchAll(/"(?:[^"\\]|\\.)*"|`[^`]*`|./gs))
    if (part === separator) pieces.push('');
    else pieces[pieces.length - 1] += part;
  return pieces;
}

function commandValue(
  words: readonly string[],
  piped: TagValue | undefined,
  column: number,
  fields: TagFields,
): TagValue {
  const [first = '', ...rest] = words;
  const values = (some: readonly string[]) => some.map((word) => operand(word, column, fields));
  if (/^[a-z]\w*$/i.test(first)) {
    const call = Object.hasOwn(FUNCTIONS, first) ? FUNCTIONS[first] : undefined;
    if (call === undefined) throw wrong(`function "${brief(first)}" not defined`);
    return bounded([call(bounded([...values(rest), ...(piped === undefined ? [] : [piped])]))])[0] ?? '';
  }
  return values([first])[0] ?? '';
}

/** The values, if they are no more than a tag can be made of. */
function bounded(values: readonly TagValue[]): readonly TagValue[] {
  let chars = 0;
  for (const value of values) chars += text(value).length;
  if (chars > VALUE_CHARS_MAX) throw tooLong();
  return values;
}

function operand(word: string, column: number, fields: TagFields): TagValue {
  if (/^-?\d+$/.test(word)) return Number(word);
  if (/^`.*`$/s.test(word)) return word.slice(1, -1);
  if (word.startsWith('"')) {
    try {
      return JSON.parse(word) as string;
    } catch {
      throw wrong('unterminated quoted string');
    }
  }
  if (!/^(\.\w+)+$/.test(word)) throw wrong(`unexpected ${JSON.stringify(brief(word))} in operand`);
  const [name = '', ...below] = word.slice(1).split('.');
  if (!Object.hasOwn(fields, name))
    throw logFailure.tagFieldUnknown({ column, word: brief(word), name: brief(name) });
  return below.reduce<TagValue>((value, key) => member(value, key), fields[name] ?? '');
}
