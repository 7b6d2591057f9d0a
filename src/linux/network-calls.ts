/** Calls for the network room: those that may wait for the kernel's network lock run on a pool thread. */
import { addressOf, check, declare, declareAsync, errno, SystemError } from './ffi.ts';
import { AF, SO, setOptionBytes } from './sockets.ts';

const c_sendAway = declareAsync('send', 'long', ['int', 'void*', 'size_t', 'int']);
const c_umountAway = declareAsync('umount2', 'int', ['str', 'int']);
const c_shutdown = declare('shutdown', 'int', ['int', 'int']);
const c_getsockname = declare('getsockname', 'int', ['int', 'void*', 'void*']);
const c_connect = declare('connect', 'int', ['int', 'void*', 'uint']);

/**
 * send(2) on a pool thread. A netlink request is carried out by the sending thread, which waits for the kernel's
 * network lock: beside a namespace's teardown that takes tens of milliseconds. @throws SystemError
 */
export function sendAway(fd: number, bytes: Buffer, object = ''): Promise<number> {
  return new Promise((resolve, reject) => {
    c_sendAway([fd, bytes, bytes.length, 0], (error, sent) => {
      void bytes.length; // the buffer must outlive the call
      if (error) reject(error);
      else if (sent < 0) reject(new SystemError('send', errno(), object));
      else resolve(sent);
    });
  });
}

/** umount2(2) on a pool thread. @throws SystemError */
export function unmountAway(target: string, flags = 0): Promise<void> {
  return new Promise((resolve, reject) => {
    c_umountAway([target, flags], (error, result) => {
      if (error) reject(error);
      else if (result < 0) reject(new SystemError('umount', errno(), target));
      else resolve();
    });
  });
}

/** A listening socket goes back to merely bound; a connected one stops receiving (SHUT_RD). @throws SystemError */
export const shutdownReads = (fd: number): void => void check('shutdown', c_shutdown(fd, 0));

/** A sockaddr_in or sockaddr_in6, by the four or sixteen bytes of the address. */
export function inetAddress(address: Uint8Array, port: number): Buffer {
  const isIpv6 = address.length === 16;
  const out = Buffer.alloc(isIpv6 ? 28 : 16);
  out.writeUInt16LE(isIpv6 ? AF.INET6 : AF.INET, 0);
  out.writeUInt16BE(port, 2);
  out.set(address, isIpv6 ? 8 : 4);
  return out;
}

/** The port an IPv4 socket is bound to. @throws SystemError */
export function boundPort(fd: number): number {
  const address = Buffer.alloc(16);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(address.length);
  check('getsockname', c_getsockname(fd, address, size), String(fd));
  return address.readUInt16BE(2);
}

/** Starts a connection; a non-blocking socket reports EINPROGRESS through {@link SystemError}. */
export const connect = (fd: number, address: Buffer): void =>
  void check('connect', c_connect(fd, address, address.length));

/** One BPF instruction, `ret #0`: the socket gets no packet at all (SO_ATTACH_FILTER). */
export function refusePackets(fd: number): void {
  const program = Buffer.alloc(8);
  program.writeUInt16LE(0x06, 0); // BPF_RET | BPF_K, k = 0
  const header = Buffer.alloc(16);
  header.writeUInt16LE(1, 0);
  header.writeBigUInt64LE(addressOf(program), 8);
  setOptionBytes(fd, SO.LEVEL, SO.ATTACH_FILTER, header);
  void program.length;
}
