/** What is to be done for an instruction in BuildKit's manner, and how its stage stands afterwards. Pure. */
import { posix } from 'node:path';
import { bytesOf, textOf } from '../../../../formats/byte-text.ts';
import type {
  AddInstruction,
  ArgInstruction,
  CopyInstruction,
  Instruction,
  WordInstruction,
} from '../../../../formats/dockerfile/instruction.ts';
import type { ByteText } from '../../../../formats/tar/entry.ts';
import { vertexFailure } from '../../../../model/failures/vertex.ts';
import { directoryFrom } from '../../../images/instructions.ts';
import type { Expander } from '../../plan/expander.ts';
import { changed, type PlainInstruction } from './changes.ts';
import { planRun, type RunStep } from './run-step.ts';
import {
  type DeclaredArgument,
  entryOf,
  expanderFor,
  plainLine,
  type StageState,
  type Surroundings,
  withVariable,
} from './state.ts';

/** A directory is there afterwards. */
export interface DirectoryStep {
  readonly is: 'directory';
  readonly path: string;
  /** Whose it is when it is made; empty: root's. */
  readonly user: string;
  readonly line: string;
}

/** Files come into the image. */
export interface CopyStep {
  readonly is: 'copy';
  readonly command: 'COPY' | 'ADD';
  readonly sources: readonly ByteText[];
  readonly inline: readonly { readonly name: ByteText; readonly bytes: Buffer }[];
  /** Absolute; with a slash at its end it is a directory. */
  readonly destination: ByteText;
  readonly from: ByteText | undefined;
  readonly chown: string | undefined;
  readonly mode: number | undefined;
  readonly exclude: readonly ByteText[];
  readonly parents: boolean;
  readonly link: boolean;
  /** Undefined: archives that are not downloaded. */
  readonly unpack: boolean | undefined;
  readonly checksum: string | undefined;
  readonly keepGitDir: boolean;
  readonly line: string;
}

/** What is to be done; undefined: only the configuration changes. */
export type SolveStep = RunStep | DirectoryStep | CopyStep | undefined;

/** An instruction, and what it makes of its stage. */
export interface PlannedStep {
  readonly after: StageState;
  readonly step: SolveStep;
}

/** @throws InvalidArgument */
export function planInstruction(
  state: StageState,
  instruction: Instruction,
  around: Surroundings,
): PlannedStep {
  const expander = expanderFor(state, around);
  switch (instruction.is) {
    case 'run':
      return planRun(state, instruction, expander, around);
    case 'copy':
    case 'add':
      return copyStep(state, instruction, expander, around);
    case 'workdir':
      return directoryStep(state, instruction, expander, around);
    case 'arg':
      return { after: argumentsDeclared(state, instruction, expander, around), step: undefined };
    default:
      return { after: configured(state, instruction, expander, around), step: undefined };
  }
}

function configured(
  state: StageState,
  instruction: PlainInstruction,
  expander: Expander,
  around: Surroundings,
): StageState {
  const { comment, variables = [], ...after } = changed(state, instruction, expander);
  const env = variables.reduce((all, [name, value]) => withVariable(all, name, value), state.env);
  const history =
    comment === undefined ? state.history : [...state.history, entryOf(comment, { layer: false }, around)];
  return { ...state, ...after, env, history };
}

function argumentsDeclared(
  state: StageState,
  { args }: ArgInstruction,
  expander: Expander,
  around: Surroundings,
): StageState {
  const said = args.map(({ key, value }) => ({
    name: expander.text(key),
    byDefault: value === undefined ? undefined : expander.text(value),
  }));
  const declared = said.map(({ name, byDefault }): DeclaredArgument => {
    const value = around.buildArgs.get(name) ?? byDefault ?? around.globals.get(name);
    return { name, value };
  });
  const words = said.map(({ name, byDefault }) => (byDefault === undefined ? name : `${name}=${byDefault}`));
  return {
    ...state,
    env: declared.reduce(
      (env, { name, value }) => (value === undefined ? env : withVariable(env, name, value)),
      state.env,
    ),
    declared: [...state.declared, ...declared],
    history: [...state.history, entryOf(`ARG ${words.join(' ')}`, { layer: false }, around)],
  };
}

function directoryStep(
  state: StageState,
  { word, source }: WordInstruction,
  expander: Expander,
  around: Surroundings,
): PlannedStep {
  const before = state.config.WorkingDir ?? '';
  // A blank path is where it was.
  const path = directoryFrom(before, expander.text(word) || before || '/');
  const layer = posix.normalize(path) !== '/';
  const after = {
    ...state,
    config: { ...state.config, WorkingDir: path },
    history: [...state.history, entryOf(`WORKDIR ${path}`, { layer }, around)],
  };
  if (!layer) return { after, step: undefined };
  const line = plainLine(source, state, around);
  return { after, step: { is: 'directory', path, user: state.config.User ?? '', line } };
}

function copyStep(
  state: StageState,
  instruction: CopyInstruction | AddInstruction,
  expander: Expander,
  around: Surroundings,
): PlannedStep {
  const isAdd = instruction.is === 'add';
  const command = isAdd ? 'ADD' : 'COPY';
  const said = expander.bytes(instruction.destination);
  const sources = instruction.sources.map((word) => expander.bytes(word));
  const inline = instruction.inline.map(({ name, content, expand }) => ({
    name,
    bytes: Buffer.from(expand ? expander.document(content) : content, 'latin1'),
  }));
  const chown = textWith(expander, instruction.chown);
  const chmod = textWith(expander, instruction.chmod);
  const words = [
    ...(!isAdd && instruction.parents ? ['--parents'] : []),
    ...(chown === undefined ? [] : [`--chown=${chown}`]),
    ...(chmod === undefined ? [] : [`--chmod=${chmod}`]),
    ...[...sources, ...inline.map(({ name }) => `<<${name}`), said].map(textOf),
  ];
  const step: CopyStep = {
    is: 'copy',
    command,
    sources,
    inline,
    destination: destinationOf(said, state.config.WorkingDir ?? ''),
    from: isAdd ? undefined : instruction.from,
    chown,
    mode: modeOf(chmod),
    exclude: instruction.exclude.map((word) => expander.bytes(word)),
    parents: !isAdd && instruction.parents,
    link: instruction.link,
    unpack: isAdd ? instruction.unpack : false,
    checksum: isAdd ? textWith(expander, instruction.checksum) : undefined,
    keepGitDir: isAdd && (instruction.keepGitDir ?? false),
    line: plainLine(instruction.source, state, around),
  };
  const history = [
    ...state.history,
    entryOf([command, ...words].join(' '), { layer: true, told: true }, around),
  ];
  return { after: { ...state, history }, step };
}

const textWith = (expander: Expander, word: ByteText | undefined): string | undefined =>
  (word === undefined ? '' : expander.text(word)) || undefined;

/** A slash at the end, or a dot, says that it is a directory. */
function destinationOf(said: ByteText, workingDirectory: string): ByteText {
  const whole = said.startsWith('/') ? said : `${bytesOf(workingDirectory) || ''}/${said}`;
  const clean = posix
    .normalize(`/${whole}`)
    .replace(/^\/+/, '/')
    .replace(/(.)\/$/, '$1');
  const isDirectory = said === '' || said === '.' || said.endsWith('/');
  return isDirectory && clean !== '/' ? `${clean}/` : clean;
}

/** Octal: symbolic ones are not known here. */
function modeOf(mode: string | undefined): number | undefined {
  if (mode === undefined) return undefined;
  if (!/^0*[0-7]{1,4}$/.test(mode)) throw vertexFailure.modeInvalid({ mode });
  return Number.parseInt(mode, 8);
}
