/** Sockets of the name server: its own inside of a sandbox, and those by which it asks others, there or on the host. */
import dgram from 'node:dgram';
import { closeSync } from 'node:fs';
import net from 'node:net';
import * as linux from '../../linux/index.ts';
import {
  ANY_ADDRESS,
  addressBytes,
  FAMILY_NUMBERS,
  type Family,
  familyOf,
  parseAddress,
} from '../addresses/address.ts';

/** Connections that wait to be taken. */
const BACKLOG = 64;

const socketAddress = (address: string, port: number): Buffer =>
  linux.inetAddress(addressBytes(parseAddress(address)), port);

/** A socket of this thread's namespace that is put to use, or closed. */
function opened(family: Family, type: number, use: (fd: number) => void): number {
  const fd = linux.socket(FAMILY_NUMBERS[family], type | linux.SOCK.NONBLOCK, 0);
  try {
    use(fd);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** A socket and its port. */
export interface Bound {
  readonly fd: number;
  readonly port: number;
}

/**
 * Both sockets of a server, on these ports or on some that the kernel picks, in the namespace that the thread is in.
 * @throws SystemError EADDRINUSE
 */
export function openServerSockets(
  address: string,
  ports: { readonly udp: number; readonly tcp: number } = { udp: 0, tcp: 0 },
): { readonly udp: Bound; readonly tcp: Bound } {
  const udp = opened(4, linux.SOCK.DGRAM, (fd) => linux.bind(fd, socketAddress(address, ports.udp)));
  try {
    const tcp = opened(4, linux.SOCK.STREAM, (fd) => {
      linux.setOption(fd, linux.SO.LEVEL, linux.SO.REUSEADDR, 1); // connections of an earlier life may linger
      linux.bind(fd, socketAddress(address, ports.tcp));
      linux.listen(fd, BACKLOG);
    });
    return { udp: { fd: udp, port: linux.boundPort(udp) }, tcp: { fd: tcp, port: linux.boundPort(tcp) } };
  } catch (error) {
    closeSync(udp);
    throw error;
  }
}

/** Addresses are all that is ever looked up: then it needs no trip around the event loop, for each message sent. */
const lookup = (
  address: string,
  _options: unknown,
  done: (...result: [null, string, number]) => void,
): void => done(null, address, familyOf(address));

/** A datagram socket around a descriptor that is bound; the socket owns it from here on. */
export function datagramSocketOf(fd: number, family: Family): dgram.Socket {
  const socket = dgram.createSocket({ type: `udp${family}`, lookup });
  socket.bind({ fd });
  return socket;
}

/**
 * A datagram socket that speaks to this server alone, from a port that the kernel picks at random. The kernel drops what
 * others send to it. `namespaceFd`: where it speaks from; undefined: the host. @throws SystemError
 */
export function datagramsTo(server: string, port: number, namespaceFd: number | undefined): dgram.Socket {
  const family = familyOf(server);
  const open = (): number =>
    opened(family, linux.SOCK.DGRAM, (fd) => linux.bind(fd, socketAddress(ANY_ADDRESS[family], 0)));
  const fd = namespaceFd === undefined ? open() : linux.inNetworkNamespace(namespaceFd, open);
  const socket = datagramSocketOf(fd, family);
  socket.connect(port, server);
  return socket;
}

/** A connection to this server, begun. @throws SystemError when there is no way there */
export function connectionTo(server: string, port: number, namespaceFd: number | undefined): net.Socket {
  if (namespaceFd === undefined) return net.connect({ host: server, port });
  const fd = linux.inNetworkNamespace(namespaceFd, () =>
    opened(familyOf(server), linux.SOCK.STREAM, (made) => {
      try {
        linux.connect(made, socketAddress(server, port));
      } catch (error) {
        if (!(error instanceof linux.SystemError && error.code === 'EINPROGRESS')) throw error;
      }
    }),
  );
  return new net.Socket({ fd, readable: true, writable: true });
}
