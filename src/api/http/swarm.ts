/** Calls of swarm mode. Clients ask them of every engine, and know what one says that is in no swarm. */
import type { EngineError } from '../../base/errors.ts';
import { swarmFailure } from '../../model/failures/swarm.ts';
import { type Dialect, minorOf } from '../versions/index.ts';

/** Nouns that only swarms have, and the versions that they came with. */
const SINCE: Readonly<Record<string, number>> = {
  swarm: 24,
  nodes: 24,
  services: 24,
  tasks: 24,
  secrets: 25,
  configs: 30,
};

/** What is answered to `path`, without the version before it; undefined: it is no path of swarm mode. */
export function swarmRefusal(method: string, path: string, { version }: Dialect): EngineError | undefined {
  const [, noun = '', verb = ''] = path.split('/');
  const since = Object.hasOwn(SINCE, noun) ? SINCE[noun] : undefined;
  if (since === undefined || minorOf(version) < since) return undefined;
  if (noun !== 'swarm' || method !== 'POST') return swarmFailure.notManager();
  if (verb === 'init' || verb === 'join') return swarmFailure.unsupported();
  return verb === 'leave' ? swarmFailure.notMember() : swarmFailure.notManager();
}
