/** From an instruction's text to what it says, by its keyword: the whole grammar but for lines and words. */
import { dockerfileFailure } from '../../model/failures/dockerfile.ts';
import { textOf } from '../byte-text.ts';
import type { ByteText } from '../tar/entry.ts';
import { lower, splitBlanks, splitFirst, trimmed, upper } from './blanks.ts';
import { type FlagTable, readFlags } from './flags.ts';
import type { FromInstruction, Instruction, Pair } from './instruction.ts';
import { commandLine, jsonWords, listOf } from './json-words.ts';
import { nearWord } from './near-word.ts';
import { isOfGrammar } from './place.ts';
import { cut, rawWords } from './raw-words.ts';
import { readHealthcheck } from './read-healthcheck.ts';
import { readRun } from './read-run.ts';
import { readAdd, readCopy } from './read-transfer.ts';
import type { Reading, Said } from './reading.ts';

const said = ({ command, source, position, comments }: Reading): Said => ({
  command,
  source,
  position,
  comments,
});

/** @throws InvalidArgument for a keyword that is none, and for arguments that are wrong */
export function readInstruction(reading: Reading): Instruction | FromInstruction {
  const { keyword, command } = reading;
  const read = Object.hasOwn(readers, keyword) ? readers[keyword] : undefined;
  if (read) {
    const instruction = read(reading);
    if (!FLAGS_READ.has(keyword)) readFlags(reading.flags, NO_FLAGS);
    return instruction;
  }
  const near = nearWord(textOf(keyword), Object.keys(readers));
  throw dockerfileFailure.instructionUnknown({ word: textOf(command), near: near?.toUpperCase() });
}

const readers: Readonly<Record<string, (reading: Reading) => Instruction | FromInstruction>> = {
  add: (reading) => ({ is: 'add', ...said(reading), ...readAdd(reading) }),
  arg: (reading) => ({ is: 'arg', ...said(reading), args: buildArguments(reading) }),
  cmd: (reading) => ({ is: 'cmd', ...said(reading), line: commandLine(reading.rest) }),
  copy: (reading) => ({ is: 'copy', ...said(reading), ...readCopy(reading) }),
  entrypoint: (reading) => ({
    is: 'entrypoint',
    ...said(reading),
    line: commandLine(reading.rest),
  }),
  env: (reading) => ({ is: 'env', ...said(reading), pairs: pairs(reading) }),
  expose: (reading) => ({ is: 'expose', ...said(reading), ports: splitBlanks(needed(reading).rest).sort() }),
  from: (reading) => ({ is: 'from', ...said(reading), ...base(reading) }),
  healthcheck: (reading) => ({ is: 'healthcheck', ...said(reading), probe: readHealthcheck(reading) }),
  label: (reading) => ({ is: 'label', ...said(reading), pairs: pairs(reading) }),
  maintainer: (reading) => ({ is: 'maintainer', ...said(reading), word: only(reading) }),
  onbuild: (reading) => ({ is: 'onbuild', ...said(reading), trigger: trigger(needed(reading)) }),
  run: (reading) => ({ is: 'run', ...said(reading), ...readRun(reading) }),
  shell: (reading) => ({ is: 'shell', ...said(reading), words: shellWords(reading) }),
  stopsignal: (reading) => ({ is: 'stopsignal', ...said(reading), word: only(reading) }),
  user: (reading) => ({ is: 'user', ...said(reading), word: only(reading) }),
  volume: (reading) => ({ is: 'volume', ...said(reading), paths: volumes(reading) }),
  workdir: (reading) => ({ is: 'workdir', ...said(reading), word: only(reading) }),
};

/** Those that read flags themselves, and two whose flags dockerd passes over. */
const FLAGS_READ: ReadonlySet<string> = new Set([
  'add',
  'copy',
  'from',
  'healthcheck',
  'run',
  'arg',
  'stopsignal',
]);
const NO_FLAGS: FlagTable = {};

/** What was taken for a flag is told first: it may have been meant for an argument. */
function missing(command: string, flags: readonly ByteText[]): Error {
  readFlags(flags, NO_FLAGS);
  return dockerfileFailure.argumentMissing({ command });
}

function needed(reading: Reading): Reading {
  if (reading.rest === '') throw dockerfileFailure.argumentMissing({ command: reading.command });
  return reading;
}

function only({ rest, command }: Reading): ByteText {
  if (rest === '') throw dockerfileFailure.argumentsNotOne({ command });
  return rest;
}

/** `key=value key2="a b"`, or the old form `key the rest is the value`. */
function pairs({ rest, command, flags, escapeChar }: Reading): Pair[] {
  const words = rawWords(rest, escapeChar);
  if (words.length === 0) throw missing(command, flags);
  if (words[0]!.includes('=')) return words.map((word) => pair(word, command));
  const [key, value] = splitFirst(rest);
  if (value === undefined) throw dockerfileFailure.argumentsNotTwo({ command });
  return [{ key, value }];
}

function pair(word: ByteText, command: string): Pair {
  const at = word.indexOf('=');
  if (at < 0) throw dockerfileFailure.equalsMissing({ word: textOf(word) });
  if (at === 0) throw dockerfileFailure.nameBlank({ command });
  return { key: word.slice(0, at), value: word.slice(at + 1) };
}

function buildArguments({ rest, command, escapeChar }: Reading): { key: ByteText; value?: ByteText }[] {
  const words = rawWords(rest, escapeChar);
  if (words.length === 0) throw dockerfileFailure.argumentMissing({ command });
  return words.map((word) => (word.includes('=') ? pair(word, command) : { key: word }));
}

function base({ rest, flags }: Reading): Pick<FromInstruction, 'base' | 'platform' | 'name'> {
  const [image = '', as, given, ...more] = rest === '' ? [] : splitBlanks(rest);
  const named = as !== undefined && lower(as) === 'as' && given !== undefined && more.length === 0;
  if (image === '' || (as !== undefined && !named)) throw dockerfileFailure.fromArguments();
  const name = given === undefined ? undefined : stageName(given);
  const platform = readFlags(flags, { platform: 'text' }).text('platform');
  return {
    base: image,
    ...(platform === undefined ? {} : { platform }),
    ...(name === undefined ? {} : { name }),
  };
}

function stageName(given: ByteText): string {
  const name = lower(given);
  if (!/^[a-z][a-z0-9-_.]*$/.test(name)) throw dockerfileFailure.stageNameInvalid({ name: textOf(given) });
  return name;
}

/** Its text with the here-documents that belong to it. */
function trigger(reading: Reading): ByteText {
  const { rest, source, heredocs, escapeChar } = reading;
  const parts = cut(rest, escapeChar);
  const word = upper(parts.keyword);
  if (word === 'ONBUILD') throw dockerfileFailure.triggerChained();
  if (word === 'FROM' || word === 'MAINTAINER') throw dockerfileFailure.triggerInvalid({ trigger: word });
  checkGrammar({ ...reading, ...parts, command: word });
  const [, text = ''] = splitFirst(source);
  return [text, ...heredocs.map(({ content, name }) => content + name)].join('\n');
}

/** What else is wrong with a trigger is found when it is carried out: by whom dockerd leaves it to. */
function checkGrammar(reading: Reading): void {
  try {
    readInstruction(reading);
  } catch (error) {
    if (isOfGrammar(error)) throw error;
  }
}

function shellWords({ rest, command, source, flags }: Reading): readonly ByteText[] {
  const words = jsonWords(rest);
  if (rest === '' || words?.length === 0) throw missing(command, flags);
  if (!words) throw dockerfileFailure.jsonMissing({ command, source: textOf(source) });
  return words;
}

function volumes({ rest, command }: Reading): ByteText[] {
  const paths = listOf(rest).map(trimmed);
  if (paths.length === 0) throw dockerfileFailure.argumentMissing({ command });
  if (paths.includes('')) throw dockerfileFailure.volumeEmpty();
  return paths;
}
