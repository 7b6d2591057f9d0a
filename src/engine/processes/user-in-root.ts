/** Who a process runs as, by the files in the root that it runs in. */
import { readInRoot } from '../../runtime/index.ts';
import { type ResolvedUser, resolveUser } from './user.ts';

/** Largest passwd or group file that is read: an image must not decide how much memory a start takes. */
const USER_FILE_BYTES_MAX = 1 << 20;

/** `user`: as the configuration has it; `groupAdd`: of HostConfig. @throws InvalidArgument for a user or group that the root does not know */
export function userInRoot(rootfs: string, user: string, groupAdd: readonly string[]): ResolvedUser {
  const read = (path: string) => readInRoot(rootfs, path, USER_FILE_BYTES_MAX);
  return resolveUser(user, groupAdd, { passwd: read('/etc/passwd'), group: read('/etc/group') });
}
