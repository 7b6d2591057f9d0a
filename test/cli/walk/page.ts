/** docs/docker-cli.md: every command and flag of a command line, and how it was beside dockerd. */
import type { Played } from '../record.ts';
import { type Command, type Used, usedBy } from './help.ts';

/** By a command or a flag of one, as `plugin install` or `container run --gpus`. */
export interface Reasons {
  /** Why it is refused, or means nothing here. */
  readonly notServed: Readonly<Record<string, string>>;
  /** Where it is tested, when no scene can play it. */
  readonly elsewhere: Readonly<Record<string, string>>;
}

/** One row: a flag of a command, or without a flag the command by itself. */
export interface Row {
  readonly command: string;
  readonly flag: string;
  readonly is: 'same' | 'different' | 'alone' | 'not served' | 'not played';
  readonly why: string;
}

/** What the plays say of each command and flag. `wrong`: what stands in the reasons or differences and is not so. */
export function judge(
  commands: readonly Command[],
  played: readonly Played[],
  reasons: Reasons,
): { readonly rows: readonly Row[]; readonly wrong: string[] } {
  const plays = new Map<string, Played[]>();
  for (const each of played)
    for (const key of new Set(each.lines.flatMap((line) => keysOf(usedBy(line, commands)))))
      plays.set(key, [...(plays.get(key) ?? []), each]);
  const wanted = new Set<string>();
  const rows = commands.flatMap((command) =>
    ['', ...command.flags.map(({ name }) => name)]
      .filter((flag) => !(command.name === '' && flag === '') && flag !== '--help')
      .map((flag) => {
        const key = `${command.name} ${flag}`.trim();
        wanted.add(key);
        return { command: command.name, flag, ...found(command.name, key, plays.get(key) ?? [], reasons) };
      }),
  );
  const told = played.flatMap(({ different }) => different.flatMap(({ about }) => about));
  const wrong = [
    ...rows
      .filter(({ is }) => is === 'not played')
      .map(({ command, flag }) => `nobody plays: ${command} ${flag}`),
    ...[...Object.keys(reasons.notServed), ...Object.keys(reasons.elsewhere)]
      .filter((key) => !wanted.has(key))
      .map((key) => `a reason that explains nothing: ${key}`),
    ...told
      .filter((key) => !wanted.has(key))
      .map((key) => `a difference of what is no command or flag: ${key}`),
  ];
  return { rows, wrong };
}

const keysOf = (used: Used | undefined): string[] =>
  used === undefined ? [] : [used.name, ...used.flags.map((flag) => `${used.name} ${flag}`), ...used.before];

function found(
  command: string,
  key: string,
  plays: readonly Played[],
  { notServed, elsewhere }: Reasons,
): Pick<Row, 'is' | 'why'> {
  const whys = plays.flatMap(({ different }) =>
    different.filter(({ about }) => about.includes(key)).map(({ why }) => why),
  );
  if (whys.length > 0) return { is: 'different', why: [...new Set(whys)].join('; ') };
  const refused = notServed[key] ?? notServed[command];
  if (refused !== undefined) return { is: 'not served', why: refused };
  if (plays.some(({ beside }) => typeof beside === 'string')) return { is: 'same', why: '' };
  const alone = plays.flatMap(({ beside }) => (typeof beside === 'string' ? [] : [beside.alone]));
  const checked = elsewhere[key] ?? elsewhere[command];
  if (alone.length > 0) return { is: 'alone', why: [...new Set(alone)].join('; ') };
  if (checked !== undefined) return { is: 'alone', why: checked };
  return { is: 'not played', why: '' };
}

const HEAD = `# The docker command line on Gantry

Every command and flag of a docker command line, played on Gantry and on dockerd by one script; what a user sees of both is
compared to the letter, but for ids, times and ages. Made by \`npm run cli-walk\`, which fails when a flag that \`--help\`
lists is neither played nor explained, and when anything is different without a reason. Commands of swarm
(\`config\`, \`node\`, \`secret\`, \`service\`, \`stack\`, \`swarm\`) are left out: Gantry is in no swarm. A run takes about
four minutes on two cores.

- **same**: both showed the same.
- **different**: on purpose, for the reason beside it.
- **alone**: played and checked on Gantry alone, for the reason beside it.
- **not served**: refused, or without a meaning here, for the reason beside it.

`;

/** The page. `cli` and `peers`: who was asked. */
export function pageOf(
  rows: readonly Row[],
  commands: readonly Command[],
  cli: string,
  peers: readonly string[],
): string {
  const count = (is: Row['is']): number => rows.filter((each) => each.is === is).length;
  const counts = (['same', 'different', 'alone', 'not served', 'not played'] as const)
    .filter((is) => is !== 'not played' || count(is) > 0)
    .map((is) => `${count(is)} ${is}`);
  const tables = commands.map((command) => {
    const own = rows.filter((each) => each.command === command.name);
    const aliases = command.aliases.length === 0 ? '' : ` (also ${command.aliases.map(code).join(', ')})`;
    const title = command.name === '' ? 'before any command' : `docker ${command.name}`;
    const lines = own.map(
      ({ flag, is, why }) => `| ${flag === '' ? 'by itself' : code(flag)} | ${is} | ${why} |`,
    );
    return [`## ${title}${aliases}\n`, '| flag | is | why |', '| --- | --- | --- |', ...lines, ''].join('\n');
  });
  return `${HEAD}${cli} beside ${peers.join(' and ')}: ${rows.length} rows, ${counts.join(', ')}.\n\n${tables.join('\n')}`;
}

const code = (text: string): string => `\`${text}\``;
