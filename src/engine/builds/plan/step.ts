/** What an instruction means where it stands: the next state of its stage, and what is to be done for it. Pure. */
import { posix } from 'node:path';
import { bytesOf, textOf } from '../../../formats/byte-text.ts';
import type { ExpansionBudget } from '../../../formats/dockerfile/expansion.ts';
import type {
  AddInstruction,
  ArgInstruction,
  CopyInstruction,
  Escape,
  Instruction,
  RunInstruction,
} from '../../../formats/dockerfile/instruction.ts';
import type { ByteText } from '../../../formats/tar/entry.ts';
import type { ContainerConfig } from '../../../model/config.ts';
import { stepFailure } from '../../../model/failures/step.ts';
import { commandOf, shellOf } from '../../images/instructions.ts';
import { type BuildArguments, declare, stageValues, tellsStepsApart } from './arguments.ts';
import { type ConfigInstruction, type Configured, configure } from './config.ts';
import { type Expander, expanderOf } from './expander.ts';

/** How a stage stands before an instruction. */
export interface StageState extends Configured {
  readonly args: BuildArguments;
  readonly escape: Escape;
  /** What variables brought into the whole build so far. */
  readonly budget: ExpansionBudget;
}

interface Planned {
  /** The state after it. */
  readonly after: StageState;
  /** Of the container that the step is done in, as history and cache tell it. */
  readonly containerConfig: ContainerConfig;
}

/** Only the configuration changes. */
export interface ConfigStep extends Planned {
  readonly is: 'config';
  readonly note: string | undefined;
}
/** A directory is there afterwards. */
export interface DirectoryStep extends Planned {
  readonly is: 'directory';
  readonly path: string;
}
/** A command runs. */
export interface RunStep extends Planned {
  readonly is: 'run';
  readonly instruction: RunInstruction;
  /** Of the container that runs it. */
  readonly running: ContainerConfig;
  readonly expander: Expander;
}
/** Files come into the image; `containerConfig` is without its command, which tells their digest. */
export interface CopyStep extends Planned {
  readonly is: 'copy';
  readonly command: 'COPY' | 'ADD';
  readonly sources: readonly ByteText[];
  readonly inline: readonly { readonly name: ByteText; readonly bytes: Buffer }[];
  /** As it was written, variables put in. */
  readonly said: ByteText;
  /** Absolute. */
  readonly destination: ByteText;
  readonly from: ByteText | undefined;
  readonly chown: string | undefined;
  readonly mode: number | undefined;
  readonly exclude: readonly ByteText[];
  readonly parents: boolean;
  /** Undefined: archives that are not downloaded. */
  readonly unpack: boolean | undefined;
  readonly checksum: string | undefined;
  /** A repository's own directory is copied too. */
  readonly keepGitDir: boolean;
}

/** What is to be done for an instruction. */
export type Step = ConfigStep | DirectoryStep | RunStep | CopyStep;

/** @throws InvalidArgument */
export function planStep(state: StageState, instruction: Instruction): Step {
  const expander = expanderFor(state);
  switch (instruction.is) {
    case 'run':
      return runStep(state, instruction, expander);
    case 'copy':
    case 'add':
      return copyStep(state, instruction, expander);
    case 'workdir':
      return directoryStep(state, instruction, expander);
    case 'arg':
      return argStep(state, instruction, expander);
    default: {
      const { comment, note, ...after } = configure(state, instruction, expander);
      return configStep({ ...state, ...after }, comment, note);
    }
  }
}

/** The environment comes before arguments of the same name. */
function expanderFor({ config, args, budget, ...state }: StageState): Expander {
  const values = new Map(stageValues(args));
  for (const item of config.Env ?? []) {
    const at = item.indexOf('=');
    if (at > 0) values.set(item.slice(0, at), item.slice(at + 1));
  }
  return expanderOf(values, state.escape, budget);
}

function configStep(after: StageState, comment: string, note?: string): ConfigStep {
  const containerConfig = { ...after.config, Cmd: [...shellOf(after.config), '#(nop) ', comment] };
  return { is: 'config', after, containerConfig, note };
}

/** A label that the client gave, as if the Dockerfile ended with it. No variables are put into it. */
export function labelStep(state: StageState, key: string, value: string): ConfigStep {
  const config = { ...state.config, Labels: { ...state.config.Labels, [key]: value } };
  return configStep({ ...state, config }, `LABEL ${key}=${value}`);
}

function argStep(state: StageState, { args: said }: ArgInstruction, expander: Expander): ConfigStep {
  let { args } = state;
  const words: string[] = [];
  for (const { key, value } of said) {
    const name = expander.text(key);
    const byDefault = value === undefined ? undefined : expander.text(value);
    args = declare(args, name, byDefault);
    words.push(byDefault === undefined ? name : `${name}=${byDefault}`);
  }
  return configStep({ ...state, args }, `ARG ${words.join(' ')}`);
}

/** One word of history, where others are two. */
function directoryStep(state: StageState, instruction: ConfigInstruction, expander: Expander): DirectoryStep {
  const { comment, note: _, ...configured } = configure(state, instruction, expander);
  const after = { ...state, ...configured };
  const containerConfig = { ...after.config, Cmd: [...shellOf(after.config), `#(nop) ${comment}`] };
  return { is: 'directory', after, containerConfig, path: after.config.WorkingDir ?? '/' };
}

function runStep(state: StageState, instruction: RunInstruction, expander: Expander): RunStep {
  const { config, args } = state;
  const { line } = instruction;
  const command = line.form === 'script' ? [SCRIPTS + textOf(line.name)] : commandOf(line, config);
  const inEnvironment = new Set((config.Env ?? []).map((item) => item.split('=', 1)[0]));
  const passed = [...stageValues(args)].filter(([name]) => !inEnvironment.has(name));
  const told = passed.filter(([name]) => tellsStepsApart(args, name)).map((pair) => pair.join('='));
  const Cmd = passed.length === 0 ? command : [`|${told.length}`, ...told.toSorted(), ...command];
  return {
    is: 'run',
    after: state,
    containerConfig: { ...withoutEntrypoint(config), Cmd },
    running: {
      ...config,
      Cmd: command,
      Env: [...(config.Env ?? []), ...passed.map((pair) => pair.join('='))],
      // An entry point of the image's has no say in its making.
      Entrypoint: [''],
      Healthcheck: { Test: ['NONE'] },
    },
    instruction,
    expander,
  };
}

const withoutEntrypoint = ({ Entrypoint: _, ...config }: ContainerConfig): ContainerConfig => config;

/** Where here-documents that are programs lie while they run. */
export const SCRIPTS = '/dev/pipes/';

function copyStep(
  state: StageState,
  instruction: CopyInstruction | AddInstruction,
  expander: Expander,
): CopyStep {
  const { config } = state;
  const said = expander.bytes(instruction.destination);
  const chown = instruction.chown === undefined ? undefined : expander.text(instruction.chown);
  const chmod = instruction.chmod === undefined ? undefined : expander.text(instruction.chmod);
  const isAdd = instruction.is === 'add';
  return {
    is: 'copy',
    command: isAdd ? 'ADD' : 'COPY',
    after: state,
    containerConfig: config,
    sources: instruction.sources.map((word) => expander.bytes(word)),
    inline: instruction.inline.map(({ name, content, expand }) => ({
      name,
      bytes: Buffer.from(expand ? expander.document(content) : content, 'latin1'),
    })),
    said,
    destination: destinationOf(said, config.WorkingDir ?? ''),
    from: isAdd ? undefined : instruction.from,
    chown: chown || undefined,
    mode: chmod ? modeOf(chmod) : undefined,
    exclude: instruction.exclude.map((word) => expander.bytes(word)),
    parents: isAdd ? false : instruction.parents,
    unpack: isAdd ? instruction.unpack : false,
    keepGitDir: isAdd && (instruction.keepGitDir ?? false),
    checksum: isAdd && instruction.checksum !== undefined ? expander.text(instruction.checksum) : undefined,
  };
}

/** A slash at the end says that it is a directory, and stays. */
function destinationOf(said: ByteText, workingDirectory: string): ByteText {
  if (said === '') throw stepFailure.destinationBlank();
  const whole = said.startsWith('/') ? said : `${bytesOf(workingDirectory) || '/'}/${said}`;
  const clean = posix.normalize(`/${whole}`).replace(/^\/+/, '/');
  const isDirectory = /(?:^|\/)\.{0,2}$/.test(said);
  return isDirectory && !clean.endsWith('/') ? `${clean}/` : clean;
}

function modeOf(mode: string): number {
  if (!/^0?[0-7]{1,4}$/.test(mode)) throw stepFailure.modeInvalid({ mode });
  return Number.parseInt(mode, 8);
}

/** Digests of what a copy chooses, in one word of history. */
const copyWord = (step: CopyStep, digest: string): string =>
  `${step.command} ${step.chown === undefined ? '' : `--chown=${step.chown}`}${digest} in ${textOf(step.said)} `;

/** The command of a copy's container: history and cache know the copy by it. */
export const copyConfig = (step: CopyStep, digest: string): ContainerConfig => ({
  ...step.containerConfig,
  Cmd: [...shellOf(step.containerConfig), `#(nop) ${copyWord(step, digest)}`],
});
