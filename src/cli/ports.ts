/** `gantry ports`: who can reach which published port, and through which rules. */
import { Command } from 'commander';
import { NotFound } from '../base/errors.ts';
import type { ContainerSummary } from '../model/container.ts';
import { connect } from './connect.ts';

/** Those of these names, or ids, or beginnings of ids; all without any. @throws NotFound */
function chosen(all: readonly ContainerSummary[], names: readonly string[]): readonly ContainerSummary[] {
  if (names.length === 0) return all;
  return names.map((name) => {
    const found =
      all.find(({ Names }) => Names.includes(`/${name}`)) ?? all.find(({ Id }) => Id.startsWith(name));
    if (found === undefined) throw new NotFound(`no container ${name} runs`);
    return found;
  });
}

/** The command. It asks the engine for its ports, and this host for its firewall: both must be one machine. */
export const portsCommand = (): Command =>
  new Command('ports')
    .description('tell for each published port who can reach it, and through which rules')
    .argument('[container...]', 'only those of these containers')
    .option('-H, --host <address>', 'the engine (default: $DOCKER_HOST, else the default socket)')
    .action(async (names: readonly string[], { host }: { host?: string }) => {
      const client = connect(host);
      const told = {
        containers: chosen(await client.containers(), names),
        networks: await client.networks(),
      };
      // Imported late: only this command and the daemon speak to the kernel's firewall.
      const { describePorts } = await import('../daemon/ports.ts');
      process.stdout.write(await describePorts(told));
    });
