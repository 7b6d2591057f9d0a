/**
 * The manual pages, made from the command line's own description: gantry.1 has the commands, gantry-daemon.8 the
 * daemon's options. Pure; tools/man.ts writes them.
 */
import type {
  DescribedArgument,
  DescribedCommand,
  DescribedOption,
} from '../src/cli/completion/described.ts';

/** One page: its file's name and its text in roff, by the macros of man(7). */
export interface Page {
  readonly name: string;
  readonly text: string;
}

/** Text as roff shows it unchanged: no escapes, no ligatures of dashes and quotes, no line that begins as a request. */
export const roff = (text: string): string =>
  text
    .replaceAll('\\', '\\(rs')
    .replaceAll('-', '\\-')
    .replaceAll('`', '\\(ga')
    .replaceAll("'", '\\(aq')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti')
    .replaceAll('"', '\\(dq')
    .replace(
      /[^\0-\x7f]/g,
      (letter) => `\\[u${letter.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}]`,
    )
    .replace(/^\./gm, '\\&.');

/** Placeholders in italics: `<address>` as a manual shows them, brackets where a value may be left out. */
function shownArgument(argument: string): string {
  const name = roff(argument.slice(1, -1));
  return argument.startsWith('<') ? `\\fI${name}\\fR` : `[\\fI${name}\\fR]`;
}

function optionLines({ short, long, argument, about }: DescribedOption): string {
  const names = [short, long].filter((each) => each !== undefined).map((each) => `\\fB${roff(each)}\\fR`);
  const value = argument === '' ? '' : ` ${shownArgument(argument)}`;
  return `.TP\n${names.join(', ')}${value}\n${roff(about)}.\n`;
}

const argumentLines = ({ shown, about }: DescribedArgument): string =>
  `.TP\n${shownArgument(shown)}\n${roff(about)}.\n`;

function head(title: string, section: number, { date, version }: Release): string {
  return `.TH ${title} ${section} "${date}" "Gantry ${roff(version)}" "${section === 1 ? 'User Commands' : 'System Administration'}"\n.nh\n.ad l\n`;
}

/** What the pages' heads tell. */
export interface Release {
  readonly version: string;
  /** `2026-01-31`. */
  readonly date: string;
}

function commandSection(command: DescribedCommand): string {
  const places = command.arguments.map(({ shown }) => ` ${shownArgument(shown)}`).join('');
  return [
    `.SS "gantry ${roff(command.name)}${places}"\n`,
    `${roff(command.about[0]?.toUpperCase() ?? '')}${roff(command.about.slice(1))}.\n`,
    ...(command.name === 'daemon' ? ['See\n.BR gantry\\-daemon (8).\n'] : []),
    ...command.arguments.map(argumentLines),
    ...(command.name === 'daemon'
      ? []
      : command.options.filter(({ long }) => long !== '--help').map(optionLines)),
  ].join('');
}

function userPage(gantry: DescribedCommand, release: Release): string {
  return `${head('GANTRY', 1, release)}.SH NAME
gantry \\- container engine with every version of the Docker Remote API
.SH SYNOPSIS
.B gantry
.I command
.RI [ options ]
.SH DESCRIPTION
${roff(gantry.about)}
Containers outlive it: it may end, crash or be replaced while they run.
Clients such as
.BR docker (1)
speak to it over its socket.
.SH COMMANDS
${gantry.commands.map(commandSection).join('')}.SH OPTIONS
${gantry.options.map(optionLines).join('')}.SH ENVIRONMENT
.TP
.B DOCKER_HOST
The engine that commands talk to, where no \\fB\\-H\\fR says it.
.TP
.B GANTRY_NODE
The Node.js to run with, whatever its version.
.SH EXIT STATUS
0 when all went well, 1 after a failure, which is told in one line.
.SH SEE ALSO
.BR gantry\\-daemon (8)
`;
}

function daemonPage(daemon: DescribedCommand, release: Release): string {
  return `${head('GANTRY\\-DAEMON', 8, release)}.SH NAME
gantry\\-daemon \\- run the container engine
.SH SYNOPSIS
.B gantry daemon
.RI [ options ]
.SH DESCRIPTION
Runs the engine in this process until SIGTERM or SIGINT.
Running containers stay; the next daemon finds them.
SIGHUP reads the certificates of TLS again.
.PP
Each option has a key in the configuration file, mostly under its own name.
It may stand in one of the two places, not in both.
Switches take \\fBtrue\\fR or \\fBfalse\\fR after an equals sign; alone they mean \\fBtrue\\fR.
.SH OPTIONS
${daemon.options.map(optionLines).join('')}.SH FILES
.TP
.I /etc/gantry/daemon.json
The configuration file, if it exists.
.TP
.I /etc/default/gantry
Environment and further options, read by the unit of systemd.
.TP
.I /var/lib/gantry
Images, containers and volumes.
.TP
.I /run/docker.sock
The socket.
.SH SEE ALSO
.BR gantry (1)
`;
}

/** Both pages. */
export function manualOf(gantry: DescribedCommand, release: Release): readonly Page[] {
  const daemon = gantry.commands.find(({ name }) => name === 'daemon');
  if (daemon === undefined) throw new Error('there is no command daemon');
  return [
    { name: 'gantry.1', text: userPage(gantry, release) },
    { name: 'gantry-daemon.8', text: daemonPage(daemon, release) },
  ];
}
