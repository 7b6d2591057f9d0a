/** `gantry ports`: who can reach which published port, and through which rules. */
import { Command } from 'commander';
import { connect } from './connect.ts';

/** The command. It asks the engine for its ports, and this host for its firewall: both must be one machine. */
export const portsCommand = (): Command =>
  new Command('ports')
    .description('tell for each published port who can reach it, and through which rules')
    .option('-H, --host <address>', 'the engine (default: $DOCKER_HOST, else the default socket)')
    .action(async ({ host }: { host?: string }) => {
      const client = connect(host);
      const told = { containers: await client.containers(), networks: await client.networks() };
      // Imported late: only this command and the daemon speak to the kernel's firewall.
      const { describePorts } = await import('../daemon/ports.ts');
      process.stdout.write(await describePorts(told));
    });
