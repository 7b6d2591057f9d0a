/** A socket that holds one port of the host, and serves nobody. */
import { closeSync } from 'node:fs';
import { codeOf } from '../../base/errors.ts';
import * as linux from '../../linux/index.ts';
import { networkFailure } from '../../model/failures/network.ts';
import { type Address, addressBytes, formatAddress } from '../addresses/address.ts';
import type { PublishedPort } from './port.ts';

const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const IPPROTO_SCTP = 132;
/** The kernel has no sockets of this protocol: then no program of the host can have one of its ports either. */
const UNKNOWN: readonly unknown[] = ['EPROTONOSUPPORT', 'ESOCKTNOSUPPORT'];
/** Their own words for why a port cannot be had. */
const REASONS: Readonly<Record<string, string>> = {
  EADDRNOTAVAIL: 'cannot assign requested address',
  EACCES: 'permission denied',
};

/**
 * A descriptor that holds the port; undefined when somebody has it; `impossible` when the kernel has no sockets of this
 * protocol. @throws Failed for any other refusal
 */
export function holdingSocket(
  protocol: PublishedPort['protocol'],
  address: Address,
  port: number,
): number | 'impossible' | undefined {
  const fd = opened(protocol, address);
  if (fd === 'impossible') return fd;
  try {
    if (address.family === 6) linux.setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1); // IPv4 has a socket of its own
    if (protocol === 'tcp') linux.setOption(fd, linux.SO.LEVEL, linux.SO.REUSEADDR, 1); // connections in TIME_WAIT are no hindrance
    linux.bind(fd, linux.inetAddress(addressBytes(address), port));
    if (protocol === 'tcp') stepDown(fd);
    if (protocol === 'udp') linux.refusePackets(fd);
    return fd;
  } catch (error) {
    closeSync(fd);
    const code = String(codeOf(error));
    if (code === 'EADDRINUSE') return undefined;
    throw networkFailure.portNotBound(
      { ip: formatAddress(address), port, why: REASONS[code] ?? code },
      { cause: error },
    );
  }
}

function opened(protocol: PublishedPort['protocol'], { family }: Address): number | 'impossible' {
  const domain = family === 4 ? linux.AF.INET : linux.AF.INET6;
  try {
    return linux.socket(
      domain,
      protocol === 'udp' ? linux.SOCK.DGRAM : linux.SOCK.STREAM,
      protocol === 'sctp' ? IPPROTO_SCTP : 0,
    );
  } catch (error) {
    if (UNKNOWN.includes(codeOf(error))) return 'impossible';
    throw error;
  }
}

/**
 * Listening finds out whether anybody has the port. Then the socket stops listening but stays bound, and no longer
 * allows sharing: the port is ours, and what the firewall does not redirect is refused instead of left hanging.
 */
function stepDown(fd: number): void {
  linux.listen(fd, 1);
  linux.shutdownReads(fd);
  linux.setOption(fd, linux.SO.LEVEL, linux.SO.REUSEADDR, 0);
}
