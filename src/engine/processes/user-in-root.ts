/** Who a process runs as, by the files in the root that it runs in. */
import { USER_TABLE_BYTES_MAX } from '../../formats/passwd.ts';
import { readInRoot } from '../../runtime/index.ts';
import { type ResolvedUser, resolveUser } from './user.ts';

/** `user`: as the configuration has it; `groupAdd`: of HostConfig. @throws InvalidArgument for a user or group that the root does not know */
export function userInRoot(rootfs: string, user: string, groupAdd: readonly string[]): ResolvedUser {
  const read = (path: string) => readInRoot(rootfs, path, USER_TABLE_BYTES_MAX);
  return resolveUser(user, groupAdd, { passwd: read('/etc/passwd'), group: read('/etc/group') });
}
