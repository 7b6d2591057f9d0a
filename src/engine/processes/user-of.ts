/** Who a process of a container runs as, by the files in its root. */
import { readInRoot } from '../../runtime/index.ts';
import type { Container } from '../containers/container.ts';
import { type ResolvedUser, resolveUser } from './user.ts';

/** Largest passwd or group file that is read: an image must not decide how much memory a start takes. */
const USER_FILE_BYTES_MAX = 1 << 20;

/** @throws InvalidArgument for a user or group that the image does not know */
export function userOf(
  container: Container,
  rootfs: string,
  spec = container.record.config.User ?? '',
): ResolvedUser {
  const read = (path: string) => readInRoot(rootfs, path, USER_FILE_BYTES_MAX);
  return resolveUser(spec, container.record.hostConfig.GroupAdd ?? [], {
    passwd: read('/etc/passwd'),
    group: read('/etc/group'),
  });
}
