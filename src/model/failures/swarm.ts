/** What is told of swarm mode, which Gantry has not: as an engine says it that is in no swarm. */
import { NotImplemented, Unavailable } from '../../base/errors.ts';
import { failure, failures } from '../../base/failures.ts';

/** Failures of whatever needs a swarm. */
export const swarmFailure = failures('swarm', {
  notManager: failure(
    Unavailable,
    () =>
      'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
  ),
  notMember: failure(Unavailable, () => 'This node is not part of a swarm'),
  unsupported: failure(NotImplemented, () => 'swarm mode is not supported'),
});
