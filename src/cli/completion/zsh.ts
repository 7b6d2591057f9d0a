/** Completion for zsh: a function for its `fpath`, by `_arguments`. */
import type { DescribedArgument, DescribedCommand, DescribedOption, Values } from './described.ts';

/** Within single quotes, and within what `_arguments` takes apart at colons and brackets. */
const plain = (text: string): string => text.replace(/[[\]:\\]/g, '\\$&').replaceAll("'", "'\\''");

function actionFor(values: Values): string {
  switch (values.is) {
    case 'words':
      return `(${values.words.join(' ')})`;
    case 'file':
      return '_files';
    case 'directory':
      return '_files -/';
    case 'container':
    case 'image':
      return `_gantry_names ${values.is}s`;
    case 'text':
      return ' ';
    default:
      return values satisfies never;
  }
}

function specOf({ short, long, argument, about, values }: DescribedOption): string {
  const name = argument.replace(/^[<[]|[>\]]$/g, '');
  const value =
    argument === '' ? '' : `${argument.startsWith('[') ? '::' : ':'}${plain(name)}:${actionFor(values)}`;
  const tail = `'[${plain(about)}]${value}'`;
  return short === undefined ? `'*'${long}${tail}` : `'*'{${short},${long}}${tail}`;
}

const placeOf = ({ shown, variadic, values }: DescribedArgument, index: number): string =>
  `'${variadic ? '*' : `${index + 1}`}${shown.startsWith('[') ? '::' : ':'}${plain(shown.replace(/[<>[\].]/g, ''))}:${actionFor(values)}'`;

function caseOf(command: DescribedCommand): string {
  const specs = [...command.options.map(specOf), ...command.arguments.map(placeOf)];
  return `        ${command.name}) _arguments -s ${specs.map((spec) => `\\\n          ${spec}`).join(' ')} ;;\n`;
}

/** The script. */
export function zshCompletion(gantry: DescribedCommand): string {
  const commands = gantry.commands.map(({ name, about }) => `      '${name}:${plain(about)}'\n`);
  return `#compdef gantry
# zsh completion for gantry. Made by: gantry completion zsh
_gantry_names() {
  local -a names=("\${(@f)$(gantry complete $1 2>/dev/null)}")
  compadd -a names
}
_gantry() {
  local curcontext="$curcontext" state line
  _arguments -C ${gantry.options.map((option) => `\\\n    ${specOf(option)}`).join(' ')} \\
    '1: :->command' '*:: :->arguments'
  case $state in
    command)
      local -a commands=(
${commands.join('')}      )
      _describe command commands ;;
    arguments)
      case $words[1] in
${gantry.commands.map(caseOf).join('')}      esac ;;
  esac
}
if [ "$funcstack[1]" = _gantry ]; then _gantry "$@"; else compdef _gantry gantry; fi
`;
}
