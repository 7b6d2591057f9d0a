/** The command line as plain data, read off commander's own description of it: what completions and manuals are made of. */
import type { Argument, Command, Option } from 'commander';

/** What may stand for a value: words, files, directories, names that the engine is asked for, or anything. */
export type Values =
  | { readonly is: 'words'; readonly words: readonly string[] }
  | { readonly is: 'file' | 'directory' | 'container' | 'image' | 'text' };

/** One option, with every spelling that help shows. */
export interface DescribedOption {
  /** `-H`; undefined: it has none. */
  readonly short: string | undefined;
  /** `--host`. */
  readonly long: string;
  /** `<address>`, `[boolean]`, or empty: a switch. */
  readonly argument: string;
  readonly about: string;
  readonly values: Values;
}

/** One argument of a command. */
export interface DescribedArgument {
  /** `<kind>`, `[container...]`. */
  readonly shown: string;
  readonly about: string;
  readonly variadic: boolean;
  readonly values: Values;
}

/** A command, and those below it. */
export interface DescribedCommand {
  readonly name: string;
  readonly about: string;
  readonly options: readonly DescribedOption[];
  readonly arguments: readonly DescribedArgument[];
  readonly commands: readonly DescribedCommand[];
}

/** Placeholders whose word says what stands there. */
const KINDS: Readonly<Record<string, Values>> = {
  file: { is: 'file' },
  dir: { is: 'directory' },
  container: { is: 'container' },
  image: { is: 'image' },
  boolean: { is: 'words', words: ['true', 'false'] },
  level: { is: 'words', words: ['debug', 'info', 'warn', 'error', 'fatal'] },
};

function valuesOf(placeholder: string, choices: readonly string[] | undefined): Values {
  if (choices !== undefined) return { is: 'words', words: choices };
  return KINDS[placeholder.replace(/[<>[\].]/g, '')] ?? { is: 'text' };
}

function optionOf(option: Option): DescribedOption[] {
  if (option.hidden || option.long === undefined) return [];
  const argument = /<.*>|\[.*\]/.exec(option.flags)?.[0] ?? '';
  const { short, long, description, defaultValue } = option;
  const about = typeof defaultValue === 'string' ? `${description} (default: ${defaultValue})` : description;
  return [{ short, long, argument, about, values: valuesOf(argument, option.argChoices) }];
}

function argumentOf(argument: Argument): DescribedArgument {
  const name = argument.variadic ? `${argument.name()}...` : argument.name();
  return {
    shown: argument.required ? `<${name}>` : `[${name}]`,
    about: argument.description,
    variadic: argument.variadic,
    values: valuesOf(argument.name(), argument.argChoices),
  };
}

const HELP: DescribedOption = {
  short: '-h',
  long: '--help',
  argument: '',
  about: 'tell how it is used',
  values: { is: 'text' },
};

/** What commander knows of a command and of all below it; hidden ones are left out. */
export function describe(command: Command): DescribedCommand {
  const shown = command.createHelp().visibleCommands(command);
  return {
    name: command.name(),
    about: command.description(),
    options: [...command.options.flatMap(optionOf), HELP],
    arguments: command.registeredArguments.map(argumentOf),
    commands: shown.filter((each) => each.name() !== 'help').map(describe),
  };
}
