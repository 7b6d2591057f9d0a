/** Reads a Dockerfile: stages with their instructions, each with its place in the file. */
import { dockerfileFailure } from '../../model/failures/dockerfile.ts';
import { textOf } from '../byte-text.ts';
import type { ByteText } from '../tar/entry.ts';
import { trimmed, upper } from './blanks.ts';
import { type Heredoc, marksIn, readHeredocs } from './heredocs.ts';
import type {
  ArgInstruction,
  Dockerfile,
  Escape,
  FromInstruction,
  Instruction,
  Stage,
} from './instruction.ts';
import { jsonWords } from './json-words.ts';
import { Lines, type Logical } from './lines.ts';
import { inFile, located } from './place.ts';
import { type Cut, cut } from './raw-words.ts';
import { readInstruction } from './read-instruction.ts';

/** Each makes an image that repeats what those before it say: memory and disk grow with the square of them. */
const INSTRUCTIONS_MAX = 1000;

/** An instruction with a blank line among its continuations. */
interface Gap {
  readonly source: ByteText;
  readonly line: number;
}

type Open = Omit<Stage, 'instructions'> & { readonly instructions: Instruction[] };

/** @throws InvalidArgument, with file, line and instruction, for what dockerd refuses as well */
export function parseDockerfile(text: ByteText, name: string): Dockerfile {
  if (text === '') throw dockerfileFailure.fileEmpty({ file: name });
  const lines = new Lines(text);
  const metaArgs: ArgInstruction[] = [];
  const stages: Open[] = [];
  const gaps: Gap[] = [];
  let count = 0;
  for (const { instruction, gap } of instructionsOf(lines, name)) {
    if (++count > INSTRUCTIONS_MAX)
      throw placed(dockerfileFailure.instructionsTooMany({ most: INSTRUCTIONS_MAX }), name, instruction);
    if (gap !== undefined) gaps.push({ source: instruction.source, line: gap });
    if (instruction.is === 'from') stages.push(stageOf(instruction, stages.length));
    else if (stages.length > 0) stages.at(-1)!.instructions.push(instruction);
    else if (instruction.is === 'arg') metaArgs.push(instruction);
    else throw placed(dockerfileFailure.noStage({ command: instruction.command }), name, instruction);
  }
  if (stages.length + metaArgs.length === 0) throw inFile(dockerfileFailure.empty(), name);
  return {
    name,
    directives: lines.directives,
    metaArgs,
    stages,
    warnings: warningsOf(gaps),
    gaps: gaps.map(({ line }) => line),
  };
}

/** Instructions that stand in no file. */
export interface Loose {
  readonly instructions: readonly Instruction[];
  readonly escape: Escape;
}

/**
 * Those of `docker commit --change`. `check` sees the first word of each before its arguments are read.
 * @throws InvalidArgument, also for FROM, and what `check` throws
 */
export function parseInstructions(text: ByteText, check: (word: ByteText) => void): Loose {
  const lines = new Lines(text);
  const instructions: Instruction[] = [];
  for (let next = lines.next(); next; next = lines.next()) {
    const parts = cut(next.text, lines.escape);
    check(parts.first);
    const instruction = read(next, parts, lines);
    if (instruction.is === 'from') throw dockerfileFailure.triggerInvalid({ trigger: 'FROM' });
    instructions.push(instruction);
  }
  return { instructions, escape: lines.escape };
}

/** The triggers that an image brings with it, each one instruction. @throws InvalidArgument */
export function parseTriggers(texts: readonly ByteText[]): readonly Instruction[] {
  return texts.map((text) => {
    const [instruction, ...more] = parseInstructions(text, () => undefined).instructions;
    if (!instruction || more.length > 0) throw dockerfileFailure.triggerNotOne();
    if (instruction.is === 'onbuild') throw dockerfileFailure.triggerChained();
    if (instruction.is === 'maintainer') throw dockerfileFailure.triggerInvalid({ trigger: 'MAINTAINER' });
    return instruction;
  });
}

interface Found {
  readonly instruction: Instruction | FromInstruction;
  /** The line that it ends with, if it has a gap. */
  readonly gap: number | undefined;
}

function* instructionsOf(lines: Lines, file: string): Generator<Found> {
  for (let next = logicalLine(lines, file); next; next = logicalLine(lines, file))
    yield { instruction: instructionOf(next, lines, file), gap: next.gap ? next.endLine : undefined };
}

function logicalLine(lines: Lines, file: string): Logical | undefined {
  try {
    return lines.next();
  } catch (error) {
    throw located(error, { file, line: lines.line, endLine: lines.line, command: '', source: '' });
  }
}

function instructionOf(next: Logical, lines: Lines, file: string): Found['instruction'] {
  const parts = cut(next.text, lines.escape);
  try {
    return read(next, parts, lines);
  } catch (error) {
    const { line, endLine, text } = next;
    const command = textOf(upper(parts.keyword));
    throw located(error, { file, line, endLine, command, source: trimmed(text) });
  }
}

function read({ text, line, comments }: Logical, parts: Cut, lines: Lines): Found['instruction'] {
  const heredocs = heredocsOf(text, parts, lines);
  return readInstruction({
    ...parts,
    command: upper(parts.keyword),
    source: trimmed(text),
    position: { line, endLine: lines.line },
    comments,
    escapeChar: lines.escape,
    heredocs,
  });
}

const WITH_HEREDOCS: readonly string[] = ['run', 'copy', 'add'];

function heredocsOf(text: ByteText, parts: Cut, lines: Lines): Heredoc[] {
  if (!text.includes('<<') || !mayHaveHeredocs(parts, lines.escape)) return [];
  return readHeredocs(marksIn(text), lines);
}

/** Those of a trigger are the trigger's. */
function mayHaveHeredocs(parts: Cut, escapeChar: Escape): boolean {
  const { keyword, rest } = parts.keyword === 'onbuild' ? cut(parts.rest, escapeChar) : parts;
  return WITH_HEREDOCS.includes(keyword) && jsonWords(rest) === undefined;
}

const stageOf = (
  { base, platform, name, source, position, comments }: FromInstruction,
  index: number,
): Open => ({
  index,
  base,
  ...(platform === undefined ? {} : { platform }),
  ...(name === undefined ? {} : { name }),
  from: { source, position, comments },
  instructions: [],
});

const placed = (error: Error, file: string, { command, source, position }: Found['instruction']): unknown =>
  located(error, { file, ...position, command, source });

/** Blank lines among continuations, in dockerd's words; a line is shown as far as it goes on a screen. */
function warningsOf(gaps: readonly Gap[]): string[] {
  if (gaps.length === 0) return [];
  const found = gaps.map(
    ({ source }) => `[WARNING]: Empty continuation line found in:\n    ${textOf(source)}`,
  );
  return [...found, '[WARNING]: Empty continuation lines will become errors in a future release.'];
}
