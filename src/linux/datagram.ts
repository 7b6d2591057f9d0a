/** Datagrams to a unix socket, which neither node:net nor node:dgram can send. */
import { closeSync } from 'node:fs';
import { check, declare } from './ffi.ts';
import { AF, MSG, SOCK, socket, unixAddress } from './sockets.ts';

const c_sendto = declare('sendto', 'long', ['int', 'void*', 'size_t', 'int', 'void*', 'uint']);

/** An abstract socket's address has no terminator: its length says where the name ends (unix(7)). */
function addressFor(path: string): Buffer {
  if (!path.startsWith('@')) return unixAddress(path);
  return unixAddress(`\0${path.slice(1)}`).subarray(0, -1);
}

/** Sends one datagram to the socket at `path` (`@name`: an abstract one), without waiting. @throws SystemError naming it */
export function sendDatagram(path: string, bytes: Buffer): void {
  const address = addressFor(path);
  const fd = socket(AF.UNIX, SOCK.DGRAM, 0);
  try {
    check(
      'sendto',
      c_sendto(fd, bytes, bytes.length, MSG.NOSIGNAL | MSG.DONTWAIT, address, address.length),
      path,
    );
  } finally {
    closeSync(fd);
  }
}
