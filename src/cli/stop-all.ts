/** `gantry stop-all`: stops every running container, as before the engine is taken away. */
import { Command } from 'commander';
import { Failed, messageOf } from '../base/errors.ts';
import { formatHost } from '../daemon/hosts.ts';
import { connect } from './connect.ts';
import { daemonOptions } from './daemon.ts';

interface Flags {
  readonly host?: string;
  readonly configFile?: string;
}

/** Where the daemon of these settings listens: what they say first, unless that is a socket which systemd passes. */
function settledHost(file: string | undefined): string | undefined {
  const hosts = daemonOptions(file === undefined ? {} : { configFile: file }).hosts;
  const named = hosts.find(({ kind }) => kind !== 'fd');
  return named === undefined ? undefined : formatHost(named);
}

/** Stops them side by side; gives what to print. @throws Failed when one was not, or the engine is not ours */
export async function stopAll({ host, configFile }: Flags): Promise<string> {
  const address = host ?? (process.env.DOCKER_HOST || settledHost(configFile));
  const client = connect(address);
  // The default socket may be another engine's, whose containers are not ours to stop.
  const { Platform } = await client.version();
  if (Platform?.Name !== 'Gantry') throw new Failed(`another engine answers there: ${Platform?.Name}`);
  const running = await client.containers();
  const stopped = await Promise.allSettled(running.map(({ Id }) => client.stop(Id)));
  const failures = stopped.flatMap((one) => (one.status === 'rejected' ? [messageOf(one.reason)] : []));
  if (failures.length > 0) throw new Failed(failures.join('; '));
  return `${running.length} stopped\n`;
}

/** The command. */
export const stopAllCommand = (): Command =>
  new Command('stop-all')
    .description('stop every running container')
    .option(
      '-H, --host <address>',
      "the engine (default: $DOCKER_HOST, else where the daemon's settings say)",
    )
    .option('--config-file <file>', "the daemon's settings")
    .action(async (flags: Flags) => void process.stdout.write(await stopAll(flags)));
