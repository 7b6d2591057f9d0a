/** Files of the engine's that each container has of its own: where they lie on the host. */
import { createHash } from 'node:crypto';
import type { WithContainersRoot } from './needs.ts';

/** What is mounted over the image's files in /etc. */
export const NETWORK_FILES = ['resolv.conf', 'hostname', 'hosts'] as const;

/** Beside it, what the engine wrote into resolv.conf last: a file that is another by now is the container's own. */
export const RESOLVER_HASH = 'resolv.conf.hash';
/** What stands there for such a text. */
export const resolverHash = (text: string | Buffer): string =>
  `sha256:${createHash('sha256').update(text).digest('hex')}`;

/** Where such a file of a container lies on the host. */
export const networkFile = (
  deps: WithContainersRoot,
  id: string,
  name: (typeof NETWORK_FILES)[number] | typeof RESOLVER_HASH,
): string => `${deps.containersRoot}/${id}/${name}`;
