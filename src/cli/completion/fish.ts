/** Completion for fish: one line for each command, option and argument. */
import type { DescribedCommand, DescribedOption, Values } from './described.ts';

const quoted = (text: string): string => `'${text.replace(/['\\]/g, '\\$&')}'`;

function candidates(values: Values): string {
  switch (values.is) {
    case 'words':
      return ` -xa ${quoted(values.words.join(' '))}`;
    case 'file':
      return ' -rF';
    case 'directory':
      return " -xa '(__fish_complete_directories)'";
    case 'container':
    case 'image':
      return ` -xa '(gantry complete ${values.is}s 2>/dev/null)'`;
    case 'text':
      return ' -x';
    default:
      return values satisfies never;
  }
}

function optionLine(when: string, { short, long, argument, about, values }: DescribedOption): string {
  const names = `${short === undefined ? '' : ` -s ${short.slice(1)}`} -l ${long.slice(2)}`;
  return `complete -c gantry -n ${quoted(when)}${names}${argument === '' ? '' : candidates(values)} -d ${quoted(about)}\n`;
}

function linesOf(command: DescribedCommand): string[] {
  const when = `__fish_seen_subcommand_from ${command.name}`;
  return [
    `complete -c gantry -n __fish_use_subcommand -a ${command.name} -d ${quoted(command.about)}\n`,
    ...command.options.map((option) => optionLine(when, option)),
    ...command.arguments.map(({ values }) => `complete -c gantry -n ${quoted(when)}${candidates(values)}\n`),
  ];
}

/** The script. */
export function fishCompletion(gantry: DescribedCommand): string {
  return [
    '# fish completion for gantry. Made by: gantry completion fish\n',
    'complete -c gantry -f\n',
    ...gantry.options.map((option) => optionLine('__fish_use_subcommand', option)),
    ...gantry.commands.flatMap(linesOf),
  ].join('');
}
