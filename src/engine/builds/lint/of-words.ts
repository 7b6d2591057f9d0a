/** Rules for what instructions are written with: variables that nobody defined, files that nobody sends. Pure. */
import { posix } from 'node:path';
import { textOf } from '../../../formats/byte-text.ts';
import type {
  AddInstruction,
  CopyInstruction,
  Instruction,
} from '../../../formats/dockerfile/instruction.ts';
import { mountOf } from '../../../formats/dockerfile/mount.ts';
import { nearWord } from '../../../formats/dockerfile/near-word.ts';
import { ignoreMatcher } from '../../../formats/ignore-patterns.ts';
import type { ByteText } from '../../../formats/tar/entry.ts';
import type { Report } from './report.ts';
import { rules } from './rules.ts';
import { expanded, expandedContent, type Reading, type Scope } from './scope.ts';

/** Whether a path of the context is left out. */
export type Ignores = (path: ByteText) => boolean;

/** @throws InvalidArgument with a word that cannot be expanded */
export function checkVariables(
  instruction: Instruction,
  { values, declared, isOpen }: Scope,
  reading: Reading,
  { say }: Report,
): void {
  const missing = new Set<ByteText>();
  const note = (found: ReadonlySet<ByteText>): void => {
    for (const name of found) if (!declared.has(name)) missing.add(name);
  };
  forEachWord(instruction, reading, (word) => {
    const { text, missing: names } = expanded(word, values, reading);
    note(names);
    return text;
  });
  for (const document of documentsOf(instruction)) note(expandedContent(document, values, reading).missing);
  if (isOpen) return;
  for (const name of missing) {
    const near = nearWord(textOf(name), [...values.keys()].map(textOf));
    const hint = near === undefined ? '' : ` (did you mean $${near}?)`;
    say(rules.undefinedVar, `Usage of undefined variable '$${textOf(name)}'${hint}`, instruction);
  }
}

type Expand = (word: ByteText) => ByteText;

/** Words that variables are put into. */
function forEachWord(instruction: Instruction, { given }: Reading, expand: Expand): void {
  switch (instruction.is) {
    case 'env':
    case 'label':
      for (const { key, value } of instruction.pairs) [key, value].forEach(expand);
      break;
    case 'copy':
    case 'add':
      for (const word of transferWords(instruction)) expand(word);
      break;
    case 'workdir':
    case 'user':
    case 'stopsignal':
      expand(instruction.word);
      break;
    case 'volume':
      instruction.paths.forEach(expand);
      break;
    case 'run':
      for (const mount of instruction.mounts) mountOf(mount, expand);
      break;
    case 'arg':
      // What is given takes the place of what would be expanded.
      for (const { key, value } of instruction.args)
        if (value !== undefined && !given.has(key)) expand(value);
      break;
    default:
  }
}

function transferWords(instruction: CopyInstruction | AddInstruction): ByteText[] {
  const { chown = '', chmod = '', sources, destination } = instruction;
  const checksum = instruction.is === 'add' ? (instruction.checksum ?? '') : '';
  return [chown, chmod, checksum, ...sources, destination];
}

const documentsOf = (instruction: Instruction): ByteText[] =>
  instruction.is === 'copy' || instruction.is === 'add'
    ? instruction.inline.filter(({ expand }) => expand).map(({ content }) => content)
    : [];

/** What patterns leave out; undefined: none do, or exceptions make it too hard to say. */
export function ignoresOf(patterns: readonly ByteText[]): Ignores | undefined {
  if (patterns.length === 0 || patterns.some((pattern) => pattern.startsWith('!'))) return undefined;
  const matcher = ignoreMatcher(patterns);
  const excludesAll = patterns.some((pattern) => ['*', '**', '**/*'].includes(pattern));
  return (path) => (path === '.' || path === '/' ? excludesAll : matcher.excludes(path));
}

/** @throws InvalidArgument with a word that cannot be expanded */
export function checkIgnored(
  instruction: Instruction,
  { values }: Scope,
  ignores: Ignores,
  reading: Reading,
  { say }: Report,
): void {
  if (instruction.is !== 'add' && (instruction.is !== 'copy' || instruction.from !== undefined)) return;
  const verb = instruction.is === 'add' ? 'Add' : 'Copy';
  for (const word of instruction.sources) {
    const source = expanded(word, values, reading).text;
    if (isElsewhere(source)) continue;
    const path = posix.normalize(source).replace(/(?<=.)\/$/, '');
    if (ignores(path))
      say(
        rules.copyIgnoredFile,
        `Attempting to ${verb} file ${JSON.stringify(textOf(path))} that is excluded by .dockerignore`,
        instruction,
      );
  }
}

const isElsewhere = (source: ByteText): boolean => /^(?:[a-z][a-z0-9+.-]*:\/\/|git@)/i.test(source);
