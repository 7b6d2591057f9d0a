/** `gantry completion`: the script of a shell; and the hidden `gantry complete`, which that script asks for names. */
import { Argument, type Command, Command as Program } from 'commander';
import { InvalidArgument } from '../base/errors.ts';
import { connect } from './connect.ts';

/** A person waits at the tab key: no names are better than late ones. */
const NAMES_WAIT_MS = 2_000;

const SHELLS = ['bash', 'zsh', 'fish'];

async function printScript(shell: string, program: Command): Promise<void> {
  // Imported late: no other command wants them.
  const [{ completions }, { describe }] = await Promise.all([
    import('./completion/index.ts'),
    import('./completion/described.ts'),
  ]);
  const make = completions[shell];
  if (make === undefined) throw new InvalidArgument(`unknown shell ${shell} (know ${SHELLS.join(', ')})`);
  process.stdout.write(make(describe(program)));
}

/** `gantry completion SHELL`; `program` is what is completed. */
export const completionCommand = (program: Command): Command => {
  const shell = new Argument('<shell>', 'whose script');
  shell.argChoices = SHELLS;
  return new Program('completion')
    .description('print what makes a shell complete the commands of gantry')
    .addArgument(shell)
    .action((name: string) => printScript(name, program));
};

async function namesOf(kind: string): Promise<readonly string[]> {
  const client = connect(undefined);
  if (kind === 'containers')
    return (await client.containers()).flatMap(({ Names }) => Names.map((name) => name.replace(/^\//, '')));
  if (kind === 'images') return (await client.images()).flatMap(({ RepoTags }) => RepoTags ?? []);
  return [];
}

/** `gantry complete containers|images`: names, one a line; none when the engine does not answer. */
export const completeCommand = (): Command =>
  new Program('complete').argument('<kind>').action(async (kind: string) => {
    setTimeout(() => process.exit(0), NAMES_WAIT_MS).unref();
    const names = await namesOf(kind).catch(() => []);
    process.stdout.write(names.map((name) => `${name}\n`).join(''));
  });
