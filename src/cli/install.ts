/** `gantry install` and `gantry uninstall`: this installation as a service of systemd, and no more. */
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { Failed } from '../base/errors.ts';

const DOCKERS_SOCKET = '/run/docker.sock';

interface Flags {
  readonly dryRun?: boolean;
  readonly socket: string;
}

/** The directory that holds bin/gantry and, somewhere below, the file that runs. @throws Failed */
function home(): string {
  let directory = dirname(realpathSync(process.argv[1] ?? ''));
  while (!existsSync(join(directory, 'bin/gantry'))) {
    if (directory === '/')
      throw new Failed('this program is not part of an installation: bin/gantry is missing');
    directory = dirname(directory);
  }
  if (directory.includes('/_npx/'))
    throw new Failed(`${directory} is npx's, which clears it: npm install --global gantry's package first`);
  return directory;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function install({ dryRun = false, socket }: Flags): Promise<void> {
  // Imported late: no other command wants them.
  const { planInstall, tell, unitsFor } = await import('./service/plan.ts');
  const { Machine } = await import('./service/machine.ts');
  const from = home();
  const contributed = (name: string): string => readFileSync(join(from, 'contrib/systemd', name), 'utf8');
  const units = { service: contributed('gantry.service'), socket: contributed('gantry.socket') };
  const machine = new Machine('/');
  machine.refuseUnlessFit(process.geteuid?.());
  machine.refuseBesideDocker(socket);
  const steps = planInstall(unitsFor(units, join(from, 'bin/gantry'), socket), machine.find());
  if (dryRun) for (const step of steps) say(tell(step));
  else machine.perform(steps, say);
}

async function uninstall({ dryRun = false }: Omit<Flags, 'socket'>): Promise<void> {
  const { planUninstall, tell } = await import('./service/plan.ts');
  const { Machine } = await import('./service/machine.ts');
  const machine = new Machine('/');
  machine.refuseUnlessFit(process.geteuid?.());
  const steps = planUninstall(machine.find(), join(home(), 'bin/gantry'));
  if (dryRun) for (const step of steps) say(tell(step));
  else machine.perform(steps, say);
}

/** `gantry install`. */
export const installCommand = (): Command =>
  new Command('install')
    .description('make this installation a service of systemd, and start it')
    .option('--socket <file>', 'where it listens', DOCKERS_SOCKET)
    .option('--dry-run', 'only tell what would be done')
    .action(install);

/** `gantry uninstall`. */
export const uninstallCommand = (): Command =>
  new Command('uninstall')
    .description(
      'stop all containers and take back what gantry install made; images, volumes and containers stay',
    )
    .option('--dry-run', 'only tell what would be done')
    .action(uninstall);
