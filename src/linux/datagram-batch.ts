/** Many datagrams to IPv4 addresses in one call (sendmmsg(2)): node:dgram takes as long for each as the kernel does. */
import { addressOf, declare } from './ffi.ts';
import { inetAddress } from './network-calls.ts';
import { MSG } from './sockets.ts';

const c_sendmmsg = declare('sendmmsg', 'int', ['int', 'void*', 'uint', 'int']);

/** struct mmsghdr, struct iovec, struct sockaddr_in */
const HEADER_BYTES = 64;
const VECTOR_BYTES = 16;
const ADDRESS_BYTES = 16;

/** Collects datagrams of one socket and sends them together. */
export class DatagramBatch {
  readonly #count: number;
  readonly #bytesEach: number;
  readonly #data: Buffer;
  readonly #vectors: Buffer;
  readonly #addresses: Buffer;
  readonly #headers: Buffer;
  #fd = -1;
  #waiting = 0;

  /** Room for so many datagrams, of at most so many bytes each. */
  constructor(count: number, bytesEach: number) {
    this.#count = count;
    this.#bytesEach = bytesEach;
    this.#data = Buffer.alloc(count * bytesEach);
    this.#vectors = Buffer.alloc(count * VECTOR_BYTES);
    this.#addresses = Buffer.alloc(count * ADDRESS_BYTES);
    this.#headers = Buffer.alloc(count * HEADER_BYTES);
    const [data, vectors, addresses] = [this.#data, this.#vectors, this.#addresses].map(addressOf);
    for (let i = 0; i < count; i++) {
      const header = i * HEADER_BYTES;
      this.#vectors.writeBigUInt64LE((data ?? 0n) + BigInt(i * bytesEach), i * VECTOR_BYTES);
      this.#headers.writeBigUInt64LE((addresses ?? 0n) + BigInt(i * ADDRESS_BYTES), header);
      this.#headers.writeUInt32LE(ADDRESS_BYTES, header + 8);
      this.#headers.writeBigUInt64LE((vectors ?? 0n) + BigInt(i * VECTOR_BYTES), header + 16);
      this.#headers.writeBigUInt64LE(1n, header + 24);
    }
  }

  /** How many wait to be sent. */
  get waiting(): number {
    return this.#waiting;
  }

  /**
   * Takes a datagram to the address, four bytes; sends what waits when it is of another socket, and when there is no more
   * room. The socket must be open until it is sent. @throws RangeError when it is too long
   */
  add(fd: number, bytes: Buffer, address: Uint8Array, port: number): void {
    if (bytes.length > this.#bytesEach) throw new RangeError(`a datagram of ${bytes.length} bytes`);
    if (fd !== this.#fd || this.#waiting === this.#count) this.send();
    this.#fd = fd;
    const i = this.#waiting++;
    bytes.copy(this.#data, i * this.#bytesEach);
    this.#vectors.writeUInt32LE(bytes.length, i * VECTOR_BYTES + 8);
    inetAddress(address, port).copy(this.#addresses, i * ADDRESS_BYTES);
  }

  /** Sends what waits. A datagram that the kernel does not take is lost, as datagrams are. */
  send(): void {
    const count = this.#waiting;
    this.#waiting = 0;
    for (let at = 0; at < count; ) {
      const rest = this.#headers.subarray(at * HEADER_BYTES);
      at += Math.max(1, c_sendmmsg(this.#fd, rest, count - at, MSG.DONTWAIT | MSG.NOSIGNAL));
    }
  }
}
