/** Files of the engine's that each container has of its own: where they lie on the host. */
import type { WithContainersRoot } from './needs.ts';

/** What is mounted over the image's files in /etc. */
export const NETWORK_FILES = ['resolv.conf', 'hostname', 'hosts'] as const;

/** Where such a file of a container lies on the host. */
export const networkFile = (
  deps: WithContainersRoot,
  id: string,
  name: (typeof NETWORK_FILES)[number],
): string => `${deps.containersRoot}/${id}/${name}`;
