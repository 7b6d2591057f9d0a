/** Descriptors that systemd gives us at our start (sd_listen_fds(3)): sockets that it opened, and what we gave it to hold. */
import { InvalidArgument } from '../base/errors.ts';

/** Passed descriptors begin here. */
const FIRST_FD = 3;

/** One socket, or other descriptor, that systemd handed over. */
export interface PassedSocket {
  readonly fd: number;
  /** Its FileDescriptorName, `unknown` when the unit gives none. */
  readonly name: string;
}

/** Begins the names of descriptors that an earlier daemon gave systemd to hold: none to be listened at. */
export const STORED = 'held.';

/** The descriptors meant for process `pid`; none when the variables are another's. */
export function passedDescriptors(
  env: Readonly<Record<string, string | undefined>> = process.env,
  pid: number = process.pid,
): readonly PassedSocket[] {
  const count = Number(env.LISTEN_FDS ?? 0);
  if (env.LISTEN_PID !== String(pid) || !Number.isInteger(count) || count < 1) return [];
  const names = (env.LISTEN_FDNAMES ?? '').split(':');
  return Array.from({ length: count }, (_, i) => ({ fd: FIRST_FD + i, name: names[i] || 'unknown' }));
}

/** Those of them that are there to be listened at. */
export const passedSockets = (...given: Parameters<typeof passedDescriptors>): readonly PassedSocket[] =>
  passedDescriptors(...given).filter(({ name }) => !name.startsWith(STORED));

/**
 * Those that `fd://NAME` means: `*` all of them, a number that descriptor, else those of that name.
 * @throws InvalidArgument when there is none
 */
export function chooseSockets(name: string, passed: readonly PassedSocket[]): readonly PassedSocket[] {
  const chosen = passed.filter((one) => name === '*' || one.name === name || String(one.fd) === name);
  if (chosen.length === 0)
    throw new InvalidArgument(
      passed.length === 0
        ? `host fd://${name === '*' ? '' : name}: no sockets were passed: is this started by a systemd socket unit?`
        : `host fd://${name}: not among the passed sockets (${passed.map((one) => one.name).join(', ')})`,
    );
  return chosen;
}
