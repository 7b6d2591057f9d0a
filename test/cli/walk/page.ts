/** docs/docker-cli.md: every command and flag of a command line, and how it was beside dockerd. */
import type { Line, Played } from '../record.ts';
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
  const plays = new Map<string, Play[]>();
  for (const { lines, beside, different } of played)
    for (const { argv, failed } of lines)
      for (const key of keysOf(usedBy(argv, commands)))
        plays.set(key, [...(plays.get(key) ?? []), { failed, beside, different }]);
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

/** A line of a scene. */
type Play = Pick<Played, 'beside' | 'different'> & Pick<Line, 'failed'>;

const keysOf = (used: Used | undefined): string[] =>
  used === undefined ? [] : [used.name, ...used.flags.map((flag) => `${used.name} ${flag}`), ...used.before];

/** Of what no scene saw succeed. */
const REFUSED = 'both refuse it in the same words';

function found(
  command: string,
  key: string,
  plays: readonly Play[],
  { notServed, elsewhere }: Reasons,
): Pick<Row, 'is' | 'why'> {
  const whys = plays.flatMap(({ different }) =>
    different.filter(({ about }) => about.includes(key)).map(({ why }) => why),
  );
  if (whys.length > 0) return { is: 'different', why: [...new Set(whys)].join('; ') };
  const refused = notServed[key] ?? notServed[command];
  if (refused !== undefined) return { is: 'not served', why: refused };
  const compared = plays.filter(({ beside }) => typeof beside === 'string');
  if (compared.length > 0) return { is: 'same', why: compared.every(({ failed }) => failed) ? REFUSED : '' };
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

- **same**: both showed the same; where it says so, all that was played was refused by both.
- **different**: on purpose, for the reason beside it.
- **alone**: played and checked on Gantry alone, for the reason beside it.
- **not served**: refused, or without a meaning here, for the reason beside it.

Another command line is walked by \`GANTRY_CLI=PATH npm run cli-walk\`. So was docker 29.7.2, built by Go 1.26 from its sources
(\`cp vendor.mod go.mod; cp vendor.sum go.sum; go build -mod=vendor ./cmd/docker\`): 550 rows, each as below. It has
\`commit --no-pause\` for \`--pause\`, and \`trust\`, \`--kernel-memory\` and \`--disable-content-trust\` no more; its
\`--use-api-socket\` mounts /var/run/docker.sock whichever engine is asked, which both refused where there was none. Both engines
were asked in API 1.45, the newest of that dockerd. In its own 1.55, on Gantry alone, the same scenes showed in addition what
versions since then have changed, and nothing else.

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
