/** What is told of swarm mode, which Gantry has not: as an engine says it that is in no swarm. */
import { InvalidArgument, NotImplemented, Unavailable } from '../../base/errors.ts';
import { failure, failures } from '../../base/failures.ts';

/** Failures of whatever needs a swarm. */
export const swarmFailure = failures('swarm', {
  notManager: failure(
    Unavailable,
    () =>
      'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
  ),
  notMember: failure(Unavailable, () => 'This node is not part of a swarm'),
  unsupported: failure(
    NotImplemented,
    () => 'swarm mode is not supported: this engine runs containers on its own host alone',
  ),
  versionInvalid: failure(
    InvalidArgument,
    ({ noun, said }: { noun: string; said: string }) =>
      `invalid ${noun} version '${said}': strconv.ParseUint: parsing ${JSON.stringify(said)}: invalid syntax`,
  ),
  noStream: failure(InvalidArgument, () => 'Bad parameters: you must choose at least one stream'),
  versionUnread: failure(InvalidArgument, ({ noun }: { noun: string }) => `invalid ${noun} version`),
});
