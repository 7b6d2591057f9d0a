/** Failures of verbs on volumes. */
import { Conflict, InvalidArgument, NotFound } from '../../base/errors.ts';
import { contexts, failure, failures } from '../../base/failures.ts';

export const volumeFailure = failures('volume', {
  notFound: failure(NotFound, ({ name }: { name: string }) => `get ${name}: no such volume`, true),
  /** `users`: ids of containers. */
  inUse: failure(
    Conflict,
    ({ name, users }: { name: string; users: readonly string[] }) =>
      `remove ${name}: volume is in use - [${users.join(', ')}]`,
  ),
  nameInvalid: failure(
    InvalidArgument,
    ({ name }: { name: string }) =>
      `${JSON.stringify(name)} includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
  ),
});

/** What was being done with a volume. */
export const volumeContext = contexts('volume', {
  create: ({ name }: { name: string }) => `create ${name}`,
});
