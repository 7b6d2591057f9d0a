/** Gantry itself, from this checkout: the bundle if there is a fresh one, as the launcher decides. */
import { join } from 'node:path';
import { commandOf } from '../processes.ts';
import { type EngineStart, socketOf, startEngine } from './engine.ts';
import type { EnginePeer } from './peer.ts';

const ROOT = join(import.meta.dirname, '../..');

/** @throws NotHere with the daemon's last words */
export async function startGantry(
  directory: string,
  { ownNetwork }: Pick<EngineStart, 'ownNetwork'>,
): Promise<EnginePeer> {
  const at = (name: string): string => join(directory, name);
  const peer = await startEngine({
    name: 'gantry',
    directory,
    ownNetwork,
    command: join(ROOT, 'bin/gantry'),
    args: [
      'daemon',
      ...['-H', `unix://${socketOf(directory)}`],
      ...['--data-root', at('data')],
      ...['--exec-root', at('exec')],
      ...['--pidfile', at('pid')],
      ...['--log-level', 'info'],
    ],
    recovered: '"daemon.recovered"',
  });
  const bundled = peer.processes().some((pid) => commandOf(pid).includes('dist/gantry.js'));
  return bundled
    ? peer
    : { ...peer, version: `${peer.version} from source: it takes more memory than the bundle` };
}
