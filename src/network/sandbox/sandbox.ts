/** A sandbox: a network namespace of the engine's making, and what is done inside of it. */
import { closeSync, writeFileSync } from 'node:fs';
import { codeOf, Failed } from '../../base/errors.ts';
import * as linux from '../../linux/index.ts';
import { familyOf, parseAddress } from '../addresses/address.ts';
import * as route from '../netlink/route.ts';
import { NetlinkSocket, PROTOCOL } from '../netlink/socket.ts';
import type { EndpointAddress } from './endpoint.ts';

/** An interface in a sandbox. */
export interface SandboxInterface {
  readonly name: string;
  /** The kernel's number for it, inside. */
  readonly index: number;
}

/** Held by a descriptor alone until its file keeps it: when this process dies the kernel removes it, interfaces and all. */
export class Sandbox implements Disposable {
  readonly fd: number;
  /** Speaks to the kernel inside. */
  readonly #socket: NetlinkSocket;

  constructor(fd: number, socket: NetlinkSocket) {
    this.fd = fd;
    this.#socket = socket;
  }

  /** Raises the loopback interface and this one. @throws Failed when there is none of the name */
  async raise(name: string): Promise<SandboxInterface> {
    const links = await this.#socket.ask([route.raise('lo'), route.raise(name), route.getLink(name)]);
    const [link] = route.readLinks(links);
    if (link === undefined) throw new Failed(`the new namespace has no ${name}`);
    return { name, index: link.index };
  }

  /** Hardware address, addresses and, where it leads to the world, default routes. @throws NetlinkError */
  async configure(
    { name, index }: SandboxInterface,
    mac: Buffer,
    addresses: readonly EndpointAddress[],
    leadsOut: boolean,
  ): Promise<void> {
    if (addresses.some(({ address }) => familyOf(address) === 6)) allowIpv6(this.fd, name);
    await this.#socket.ask([
      route.setHardwareAddress(name, mac),
      ...addresses.map((each) => route.addAddress(index, parseAddress(each.address), each.prefixLength)),
      ...(leadsOut
        ? addresses.map(({ gateway }) => route.addDefaultRoute(parseAddress(gateway), index))
        : []),
    ]);
  }

  [Symbol.dispose](): void {
    this.#socket.close();
    closeSync(this.fd);
  }
}

/** A new namespace, with nothing in it but `lo`. @throws SystemError */
export function makeSandbox(): Sandbox {
  const { fd, result } = linux.newNetworkNamespace(() => {
    switchOffIpv6();
    return new NetlinkSocket(PROTOCOL.ROUTE);
  });
  return new Sandbox(fd, result);
}

const ipv6Switch = (name: string): string => `/proc/sys/net/ipv6/conf/${name}/disable_ipv6`;

/** For interfaces yet to come, in the namespace the thread is in. `lo` keeps its ::1, as newer Docker has it. */
function switchOffIpv6(): void {
  try {
    writeFileSync(ipv6Switch('default'), '1');
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error; // a host without IPv6
  }
}

/** For an interface that gets an IPv6 address. */
const allowIpv6 = (fd: number, name: string): void =>
  linux.inNetworkNamespace(fd, () => writeFileSync(ipv6Switch(name), '0'));
