/** Sockets that node:net does not speak: netlink, SEQPACKET, descriptors in messages. */
import { addressOf, check, declare, ERRNO, errno, SystemError } from './ffi.ts';
import { O_CLOEXEC } from './files.ts';

const c_socket = declare('socket', 'int', ['int', 'int', 'int']);
const c_socketpair = declare('socketpair', 'int', ['int', 'int', 'int', 'void*']);
const c_bind = declare('bind', 'int', ['int', 'void*', 'uint']);
const c_listen = declare('listen', 'int', ['int', 'int']);
const c_accept4 = declare('accept4', 'int', ['int', 'void*', 'void*', 'int']);
const c_send = declare('send', 'long', ['int', 'void*', 'size_t', 'int']);
const c_recv = declare('recv', 'long', ['int', 'void*', 'size_t', 'int']);
const c_sendmsg = declare('sendmsg', 'long', ['int', 'void*', 'int']);
const c_recvmsg = declare('recvmsg', 'long', ['int', 'void*', 'int']);
const c_setsockopt = declare('setsockopt', 'int', ['int', 'int', 'int', 'void*', 'uint']);
const c_if_nametoindex = declare('if_nametoindex', 'uint', ['str']);

export const AF = { UNIX: 1, INET: 2, INET6: 10, NETLINK: 16 } as const;
/** Types of sockets, and a flag beside them. */
export const SOCK = { STREAM: 1, DGRAM: 2, RAW: 3, SEQPACKET: 5, NONBLOCK: 0o4000 } as const;
/** The level of options that every socket has, and some of those (socket(7)). */
export const SO = {
  LEVEL: 1,
  REUSEADDR: 2,
  BINDTODEVICE: 25,
  ATTACH_FILTER: 26,
  SNDBUFFORCE: 32,
  RCVBUFFORCE: 33,
} as const;
export const MSG = { PEEK: 2, DONTWAIT: 0x40, NOSIGNAL: 0x4000, CMSG_CLOEXEC: 0x40000000 } as const;

/** A socket that programs we start do not get (socket(2)). */
export const socket = (family: number, type: number, protocol: number): number =>
  check('socket', c_socket(family, type | O_CLOEXEC, protocol));
/** Two connected unix sockets (socketpair(2)). */
export function socketPair(type: number): [number, number] {
  const out = Buffer.alloc(8);
  check('socketpair', c_socketpair(AF.UNIX, type | O_CLOEXEC, 0, out));
  return [out.readInt32LE(0), out.readInt32LE(4)];
}
/** Gives a socket its address (bind(2)). */
export const bind = (fd: number, address: Buffer): void =>
  void check('bind', c_bind(fd, address, address.length));
/** Has a socket take connections (listen(2)). */
export const listen = (fd: number, backlog: number): void => void check('listen', c_listen(fd, backlog));
/** -1 when nobody waits. */
export function accept(fd: number): number {
  const got = c_accept4(fd, null, null, O_CLOEXEC);
  if (got >= 0) return got;
  const e = errno();
  if (e === ERRNO.EAGAIN) return -1;
  throw new SystemError('accept4', e);
}
/** A sockaddr_un. @throws RangeError beyond 107 bytes */
export function unixAddress(path: string): Buffer {
  const bytes = Buffer.from(path);
  if (bytes.length > 107) throw new RangeError(`socket path longer than 107 bytes: ${path}`);
  const address = Buffer.alloc(2 + bytes.length + 1);
  address.writeUInt16LE(AF.UNIX, 0);
  bytes.copy(address, 2);
  return address;
}
/** Sends and gives the number of bytes taken (send(2)). */
export const send = (fd: number, bytes: Buffer, flags = 0): number =>
  check('send', c_send(fd, bytes, bytes.length, flags));
/** Blocking unless the flags say otherwise; -1 when nothing is there. */
export function receive(fd: number, into: Buffer, flags = 0): number {
  const n = c_recv(fd, into, into.length, flags);
  if (n >= 0) return n;
  const e = errno();
  if (e === ERRNO.EAGAIN || e === ERRNO.EINTR) return -1;
  throw new SystemError('recv', e);
}
/** Sets an int socket option. @throws SystemError */
export function setOption(fd: number, level: number, option: number, value: number): void {
  const out = Buffer.alloc(4);
  out.writeInt32LE(value);
  check('setsockopt', c_setsockopt(fd, level, option, out, 4));
}
/** Sets a socket option whose value is a structure (setsockopt(2)). */
export const setOptionBytes = (fd: number, level: number, option: number, value: Buffer): void =>
  void check('setsockopt', c_setsockopt(fd, level, option, value, value.length));
/** Lets a unix socket hold this many bytes of queued messages, above the system's limit (SO_SNDBUFFORCE). */
export const forceSendBuffer = (fd: number, bytes: number): void =>
  setOption(fd, SO.LEVEL, SO.SNDBUFFORCE, bytes);
/** Lets a socket hold this many received bytes, above the system's limit (SO_RCVBUFFORCE). */
export const forceReceiveBuffer = (fd: number, bytes: number): void =>
  setOption(fd, SO.LEVEL, SO.RCVBUFFORCE, bytes);

function header(data: Buffer, control: Buffer): { message: Buffer; keep: Buffer[] } {
  const vector = Buffer.alloc(16);
  const message = Buffer.alloc(56);
  vector.writeBigUInt64LE(addressOf(data), 0);
  vector.writeBigUInt64LE(BigInt(data.length), 8);
  message.writeBigUInt64LE(addressOf(vector), 16);
  message.writeBigUInt64LE(1n, 24);
  message.writeBigUInt64LE(addressOf(control), 32);
  message.writeBigUInt64LE(BigInt(control.length), 40);
  return { message, keep: [vector, data, control] };
}

/** Sends bytes with descriptors (SCM_RIGHTS), without waiting. @throws SystemError EAGAIN when the queue is full */
export function sendDescriptors(fd: number, data: Buffer, fds: readonly number[]): void {
  const control = Buffer.alloc(16 + ((fds.length * 4 + 7) & ~7));
  control.writeBigUInt64LE(BigInt(16 + fds.length * 4), 0);
  control.writeInt32LE(1, 8);
  control.writeInt32LE(1, 12);
  fds.forEach((each, i) => control.writeInt32LE(each, 16 + 4 * i));
  const { message, keep } = header(data, control);
  check('sendmsg', c_sendmsg(fd, message, MSG.DONTWAIT | MSG.NOSIGNAL));
  void keep.length;
}

/** A message and the descriptors that came with it. */
export interface Received {
  readonly data: Buffer;
  readonly fds: number[];
}
/** What a message is received into, made once: its parts are copied out before anything else runs. */
interface Inbox {
  readonly data: Buffer;
  readonly control: Buffer;
  readonly message: Buffer;
  readonly keep: readonly Buffer[];
}
let inbox: Inbox | undefined;
const MESSAGE_BYTES = 4096;
const CONTROL_BYTES = 1040;
/** Where msghdr has the length of its control part, which the kernel sets to what came. */
const CONTROL_LENGTH_AT = 40;

function makeInbox(): Inbox {
  const [data, control] = [Buffer.alloc(MESSAGE_BYTES), Buffer.alloc(CONTROL_BYTES)];
  return { data, control, ...header(data, control) };
}

/** One message with its descriptors; undefined when none waits or the peer is gone. `flags` may hold MSG.PEEK. */
export function receiveDescriptors(fd: number, flags = 0): Received | undefined {
  inbox ??= makeInbox();
  const { data, control, message } = inbox;
  message.writeBigUInt64LE(BigInt(control.length), CONTROL_LENGTH_AT);
  const n = c_recvmsg(fd, message, MSG.CMSG_CLOEXEC | MSG.DONTWAIT | flags);
  if (n <= 0) return undefined;
  const fds: number[] = [];
  if (
    message.readBigUInt64LE(CONTROL_LENGTH_AT) >= 20n &&
    control.readInt32LE(8) === 1 &&
    control.readInt32LE(12) === 1
  )
    for (let at = 16, end = Number(control.readBigUInt64LE(0)); at < end; at += 4)
      fds.push(control.readInt32LE(at));
  return { data: Buffer.from(data.subarray(0, n)), fds };
}

/** The interface's number in this thread's network namespace; 0 when there is none. */
export const interfaceIndex = (name: string): number => c_if_nametoindex(name);
