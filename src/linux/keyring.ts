/** Session keyrings (session-keyring(7)): a thread has one, and what it starts inherits it. */
import { check, declare, ERRNO, errno } from './ffi.ts';

const c_syscall = declare('syscall', 'long', ['long', 'long', 'long', 'long', 'long', 'long']);
const SYS_keyctl = process.arch === 'arm64' ? 219 : 250;
const KEYCTL_JOIN_SESSION_KEYRING = 1;

/**
 * Gives this thread, and all that it starts from now on, a new session keyring without a name or a key in it. A kernel
 * without keyrings has none to inherit either; where they are forbidden, a container cannot ask for them. @throws SystemError
 */
export function newSessionKeyring(): void {
  const serial = c_syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0);
  if (serial < 0 && (errno() === ERRNO.ENOSYS || errno() === ERRNO.EPERM)) return;
  check('keyctl', serial, 'a new session keyring');
}
