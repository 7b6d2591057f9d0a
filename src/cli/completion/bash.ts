/** Completion for bash: one function, which needs nothing but bash itself. */
import type { DescribedArgument, DescribedCommand, DescribedOption, Values } from './described.ts';

/** The words of names like `a:b`, where bash ends words at colons, are put together and taken apart by bash-completion. */
const head = (commands: string): string => `# bash completion for gantry. Made by: gantry completion bash
_gantry() {
  local cur prev words cword command='' place=0 at word
  if declare -F _get_comp_words_by_ref >/dev/null; then
    _get_comp_words_by_ref -n : cur prev words cword
  else
    cur=\${COMP_WORDS[COMP_CWORD]} cword=$COMP_CWORD words=("\${COMP_WORDS[@]}")
    prev=\${COMP_WORDS[COMP_CWORD-1]}
  fi
  # --option=value comes as three words.
  if [[ $cur == '=' ]]; then cur=''
  elif [[ $prev == '=' ]]; then prev=\${words[cword-2]}
  fi
  for ((at = 1; at < cword; at++)); do
    word=\${words[at]}
    [[ $word == -* || $word == '=' ]] && continue
    if [[ -z $command ]]; then command=$word
    elif [[ \${words[at-1]} != -* && \${words[at-1]} != '=' ]]; then place=$((place + 1))
    fi
  done
  case $command in
    '') _gantry_words '${commands}' ;;
`;

const TAIL = `  esac
}
_gantry_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur"); }
_gantry_files() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen "$1" -- "$cur")
}
_gantry_names() {
  _gantry_words "$(gantry complete "$1" 2>/dev/null)"
  if declare -F __ltrim_colon_completions >/dev/null; then __ltrim_colon_completions "$cur"; fi
}
complete -F _gantry gantry
`;

function callFor(values: Values): string {
  switch (values.is) {
    case 'words':
      return `_gantry_words '${values.words.join(' ')}'`;
    case 'file':
      return '_gantry_files -f';
    case 'directory':
      return '_gantry_files -d';
    case 'container':
    case 'image':
      return `_gantry_names ${values.is}s`;
    case 'text':
      return ':';
    default:
      return values satisfies never;
  }
}

/** After an option that takes a value, only its values. */
const afterOption = ({ short, long, values, argument }: DescribedOption): string[] =>
  argument === ''
    ? []
    : [`${short === undefined ? '' : `${short} | `}${long}) ${callFor(values)}; return ;;`];

function atPlace({ values, variadic }: DescribedArgument, index: number): string {
  return `${variadic ? '*' : index}) ${callFor(values)} ;;`;
}

function caseOf(command: DescribedCommand): string[] {
  const flags = command.options.flatMap(({ short, long }) => (short === undefined ? [long] : [short, long]));
  const places = command.arguments.map(atPlace);
  return [
    `${command.name})`,
    '  case $prev in',
    ...command.options.flatMap(afterOption).map((line) => `    ${line}`),
    '  esac',
    `  if [[ $cur == -* ]]; then _gantry_words '${flags.join(' ')}'; return; fi`,
    ...(places.length === 0 ? [] : [`  case $place in ${places.join(' ')} esac`]),
    '  ;;',
  ];
}

/** The script. */
export function bashCompletion(gantry: DescribedCommand): string {
  const first = [...gantry.commands.map(({ name }) => name), ...gantry.options.map(({ long }) => long)];
  const cases = gantry.commands.flatMap(caseOf).map((line) => `    ${line}\n`);
  return head(first.join(' ')) + cases.join('') + TAIL;
}
