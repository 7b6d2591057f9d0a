/** The command line: `gantry daemon`, and a few commands that are clients of a running engine like any other. */
import { Command, CommanderError } from 'commander';
import { messageOf } from '../base/errors.ts';
import { VERSION } from '../base/release.ts';
import { completeCommand, completionCommand } from './completion.ts';
import { daemonCommand } from './daemon.ts';
import { dialStdioCommand } from './dial-stdio.ts';
import { doctorCommand } from './doctor.ts';
import { fsckCommand } from './fsck.ts';
import { installCommand, uninstallCommand } from './install.ts';
import { makeImageCommand } from './make-image.ts';
import { portsCommand } from './ports.ts';
import { stopAllCommand } from './stop-all.ts';
import { versionCommand } from './version.ts';

/**
 * The arguments as today's command line has them: `gantry -d …`, in any order of flags, is how the first engines
 * were started and means `gantry daemon …`. `docker system dial-stdio` is what clients run over ssh, with a host before
 * it when their address has a path.
 */
export function modernArguments(argv: readonly string[]): readonly string[] {
  const dial = argv.indexOf('dial-stdio');
  if (dial > 0 && argv[dial - 1] === 'system')
    return ['dial-stdio', ...argv.slice(0, dial - 1), ...argv.slice(dial + 1)];
  const at = argv.findIndex((each) => each === '-d' || each === '--daemon');
  const historic = at >= 0 && argv[0]?.startsWith('-') === true;
  return historic ? ['daemon', ...argv.slice(0, at), ...argv.slice(at + 1)] : argv;
}

/** All commands; `finish` is called with the exit code of those that have one of their own. */
export function programOf(finish: (code: number) => void): Command {
  const program = new Command('gantry')
    .description('A container engine that serves every version of the Docker Remote API.')
    .version(`Gantry version ${VERSION}`, '-v, --version')
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'gantry: ')) })
    .exitOverride()
    .addHelpText('after', '\n`gantry -d …` is the same as `gantry daemon …`.');
  for (const command of [
    completionCommand(program),
    daemonCommand(finish),
    dialStdioCommand(),
    doctorCommand(finish),
    fsckCommand(finish),
    installCommand(),
    makeImageCommand(),
    portsCommand(),
    stopAllCommand(),
    uninstallCommand(),
    versionCommand(),
  ])
    program.addCommand(command.copyInheritedSettings(program));
  program.addCommand(completeCommand().copyInheritedSettings(program), { hidden: true });
  return program;
}

/** Runs one command line; resolves with the exit code. Every failure is one line on stderr. */
async function main(argv: readonly string[]): Promise<number> {
  let code = 0;
  const program = programOf((value) => {
    code = value;
  });
  try {
    await program.parseAsync([...modernArguments(argv)], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode; // commander has printed its line
    process.stderr.write(`gantry: ${messageOf(error).replaceAll('\n', ' ')}\n`);
    return 1;
  }
}

// Set rather than exit: what was written to a pipe still goes out.
if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
