/** Datagrams to a unix socket, which neither node:net nor node:dgram can send. */
import { closeSync } from 'node:fs';
import { check, declare, ERRNO, errno, SystemError } from './ffi.ts';
import { AF, MSG, SOCK, sendDescriptors, socket, unixAddress } from './sockets.ts';

const c_connect = declare('connect', 'int', ['int', 'void*', 'uint']);
const c_send = declare('send', 'long', ['int', 'void*', 'size_t', 'int']);
/** What a full queue at the other side is told by. */
const ENOBUFS = 105;

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

/** Many datagrams to one unix socket. Whoever opens it closes it. */
export class DatagramSender {
  readonly #path: string;
  readonly #fd: number;

  /** @throws SystemError when nobody listens there */
  constructor(path: string) {
    this.#path = path;
    this.#fd = socket(AF.UNIX, SOCK.DGRAM, 0);
    const address = addressFor(path);
    try {
      check('connect', c_connect(this.#fd, address, address.length), path);
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
  }

  /** False: the other side's queue is full. @throws SystemError when it is gone, or the datagram too large */
  send(bytes: Buffer): boolean {
    if (c_send(this.#fd, bytes, bytes.length, MSG.NOSIGNAL | MSG.DONTWAIT) >= 0) return true;
    const e = errno();
    if (e === ERRNO.EAGAIN || e === ENOBUFS) return false;
    throw new SystemError('send', e, this.#path);
  }
  /** Sends a datagram with a descriptor. @throws SystemError */
  sendDescriptor(bytes: Buffer, descriptor: number): void {
    sendDescriptors(this.#fd, bytes, [descriptor]);
  }
  close(): void {
    closeSync(this.#fd);
  }
}
