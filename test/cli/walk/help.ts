/** What a command line says of itself by `--help`: its commands, their other names and their flags. */

/** A flag of a command, as its help lists it. */
export interface Flag {
  /** `--init`. */
  readonly name: string;
  /** `-i`. */
  readonly short?: string;
  /** A word follows it, unless it is written `--flag=word`. */
  readonly takes: boolean;
}

/** A command that does something itself: one that only has others below it is none. */
export interface Command {
  /** `docker container ls`, without `docker`: the first of the names that help lists. */
  readonly name: string;
  /** The others, shortest first. */
  readonly aliases: readonly string[];
  readonly flags: readonly Flag[];
}

/** What `words --help` prints. */
export type Help = (words: readonly string[]) => string;

/** Commands of an engine that is in a swarm. */
const SWARM = ['config', 'node', 'secret', 'service', 'stack', 'swarm'] as const;

/** The flags that stand before the command, as a command without a name; then every command but those of `without`. */
export function commandsOf(help: Help, without: readonly string[] = SWARM): readonly Command[] {
  const found = new Map<string, Command>();
  const visit = (path: readonly string[]): void => {
    const said = parseHelp(help(path));
    const [name = path.join(' '), ...others] = said.names;
    const command = { name, aliases: others.toSorted(shortest), flags: said.flags };
    if (path.length === 0 || said.commands.length === 0) found.set(name, command);
    for (const below of said.commands)
      if (path.length > 0 || !without.includes(below)) visit([...path, below]);
  };
  visit([]);
  return [...found.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

const shortest = (a: string, b: string): number => a.length - b.length || (a < b ? -1 : 1);

interface Said {
  readonly names: readonly string[];
  readonly commands: readonly string[];
  readonly flags: readonly Flag[];
}

/** Sections begin at the margin and end with a colon; what they list is indented by two. */
export function parseHelp(text: string): Said {
  const names: string[] = [];
  const commands: string[] = [];
  const flags: Flag[] = [];
  let section = '';
  for (const line of text.split('\n')) {
    section = /^([A-Z][A-Za-z ]*):$/.exec(line)?.[1] ?? section;
    if (section === 'Aliases' && line.startsWith('  '))
      names.push(...line.split(',').map((name) => name.trim().replace(/^docker /, '')));
    if (section.endsWith('Commands')) commands.push(...(/^ {2}([a-z][a-z-]*)/.exec(line)?.slice(1) ?? []));
    const flag = /^ {2}(?:(-\w), | {4})(--[a-z0-9-]+)( \S+)?/.exec(line);
    if (flag && section.endsWith('Options'))
      flags.push({
        name: flag[2] ?? '',
        ...(flag[1] === undefined ? {} : { short: flag[1] }),
        takes: flag[3] !== undefined,
      });
  }
  return { names, commands, flags };
}

/** What one line used: flags by their long names, `before` those before the command. */
export interface Used {
  readonly name: string;
  readonly flags: readonly string[];
  readonly before: readonly string[];
}

/** Behind the first word of these come those of a program. */
const WITH_A_PROGRAM = new Set(['create', 'exec', 'run', 'top'].map((name) => `container ${name}`));

/** What the words of a line use; undefined when they name no command. */
export function usedBy(argv: readonly string[], commands: readonly Command[]): Used | undefined {
  const top = commands.find(({ name }) => name === '');
  const before = flagsOf(argv, top?.flags ?? [], true);
  const words = argv.slice(before.end);
  const names = new Map(commands.flatMap((each) => [each.name, ...each.aliases].map((name) => [name, each])));
  const length = [3, 2, 1].find((count) => names.has(words.slice(0, count).join(' '))) ?? 0;
  const command = names.get(words.slice(0, length).join(' '));
  const isNone = command === undefined || command.name === '';
  if (isNone) return before.used.length > 0 ? { name: '', flags: [], before: before.used } : undefined;
  const { used } = flagsOf(words.slice(length), command.flags, WITH_A_PROGRAM.has(command.name));
  return { name: command.name, flags: used, before: before.used };
}

function flagsOf(words: readonly string[], flags: readonly Flag[], untilWord: boolean) {
  const used: string[] = [];
  let at = 0;
  for (; at < words.length; at++) {
    const word = words[at] ?? '';
    if (word === '--') break;
    if (!/^-./.test(word)) {
      if (untilWord) break;
      continue;
    }
    const [found, follows] = word.startsWith('--') ? long(word, flags) : shorts(word, flags);
    used.push(...found.map(({ name }) => name));
    if (follows) at++;
  }
  return { used, end: at };
}

type Read = readonly [found: readonly Flag[], follows: boolean];

function long(word: string, flags: readonly Flag[]): Read {
  const [name, value] = word.split('=', 2);
  const flag = flags.find((each) => each.name === name);
  return flag ? [[flag], flag.takes && value === undefined] : [[], false];
}

/** `-it`, `-m64m`, `-f=x`. */
function shorts(word: string, flags: readonly Flag[]): Read {
  const found: Flag[] = [];
  for (let at = 1; at < word.length; at++) {
    const flag = flags.find(({ short }) => short === `-${word[at]}`);
    if (!flag) break;
    found.push(flag);
    if (flag.takes) return [found, at === word.length - 1];
  }
  return [found, false];
}
