/** Gantry itself, from this checkout: the bundle if there is a fresh one, as the launcher decides. */
import { join } from 'node:path';
import { socketOf, startEngine } from './engine.ts';
import type { EnginePeer } from './peer.ts';

const ROOT = join(import.meta.dirname, '../..');

/** @throws NotHere with the daemon's last words */
export function startGantry(directory: string): Promise<EnginePeer> {
  const at = (name: string): string => join(directory, name);
  return startEngine({
    name: 'gantry',
    directory,
    command: join(ROOT, 'bin/gantry'),
    args: [
      'daemon',
      ...['-H', `unix://${socketOf(directory)}`],
      ...['--data-root', at('data')],
      ...['--exec-root', at('exec')],
      ...['--pidfile', at('pid')],
      ...['--log-level', 'warn'],
    ],
  });
}
