/** A sandbox: a network namespace of the engine's making, and what is done inside of it. */
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { codeOf, Failed } from '../../base/errors.ts';
import type { IdMap } from '../../base/id-map.ts';
import * as linux from '../../linux/index.ts';
import { networkFailure } from '../../model/failures/network.ts';
import { FAMILIES, familyOf, parseAddress } from '../addresses/address.ts';
import { findLink } from '../netlink/link-list.ts';
import { whileRefused } from '../netlink/patience.ts';
import * as route from '../netlink/route.ts';
import { NetlinkSocket, PROTOCOL } from '../netlink/socket.ts';
import type { Endpoint, EndpointAddress } from './endpoint.ts';

/** The kernel takes namespaces down in the background, one after another. */
const LEFT_BEHIND = { mostMs: 5_000, everyMs: 5 } as const;

/** An interface in a sandbox. */
export interface SandboxInterface {
  readonly name: string;
  /** The kernel's number for it, inside. */
  readonly index: number;
}

/** A kernel setting of an interface: `net.AREA.GROUP.INTERFACE.NAME`. Its parts are words without dots or slashes. */
export interface InterfaceSysctl {
  readonly area: string;
  readonly group: string;
  readonly name: string;
  readonly value: string;
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

  /** Calls an interface otherwise. Kernels before 6.2 do that only with what is switched off. @throws NetlinkError */
  async rename({ name, index }: SandboxInterface, to: string): Promise<SandboxInterface> {
    const rename = route.rename(index, to);
    try {
      await this.#socket.ask([rename]);
    } catch (error) {
      if (codeOf(error) !== 'EBUSY') throw error;
      await this.#socket.ask([route.lower(name), rename, route.raise(to)]);
    }
    return { name: to, index };
  }

  /** @throws InvalidArgument when the kernel has no such setting, or does not take the value */
  setSysctls(link: string, sysctls: readonly InterfaceSysctl[]): void {
    linux.inNetworkNamespace(this.fd, () => {
      for (const { area, group, name, value } of sysctls)
        try {
          writeFileSync(`/proc/sys/net/${area}/${group}/${link}/${name}`, value);
        } catch (error) {
          throw networkFailure.sysctlRefused(
            { sysctl: `net.${area}.${group}.${link}.${name}=${value}`, why: String(codeOf(error)) },
            { cause: error },
          );
        }
    });
  }

  /** Hardware address, unless it is its parent's, and addresses. @throws NetlinkError */
  async configure(
    { name, index }: SandboxInterface,
    mac: Buffer | undefined,
    addresses: readonly EndpointAddress[],
  ): Promise<void> {
    if (addresses.some(({ address }) => familyOf(address) === 6)) allowIpv6(this.fd, name);
    const requests = [
      ...(mac === undefined ? [] : [route.setHardwareAddress(name, mac)]),
      ...addresses.map((each) => route.addAddress(index, parseAddress(each.address), each.prefixLength)),
    ];
    // On a parent's wire a hardware address is one interface's; that of a sandbox that has just ended may still be there.
    await whileRefused({ code: 'EADDRINUSE', ...LEFT_BEHIND }, () => this.#socket.ask(requests));
  }

  /** Leads what is for nobody here out by this interface, in each family that has a gateway or needs none; undefined: nowhere. @throws NetlinkError */
  async leadOut(by: Pick<Endpoint, 'interfaceName' | 'addresses' | 'leadsOutBy'> | undefined): Promise<void> {
    const index = by === undefined ? 0 : await this.#indexOf(by.interfaceName);
    await this.#socket.ask(
      FAMILIES.map((family) => {
        const mine = by?.addresses.find(({ address }) => familyOf(address) === family);
        if (mine !== undefined && by?.leadsOutBy === 'interface') return route.setDefaultRoute(family, index);
        return mine === undefined || mine.gateway === ''
          ? route.deleteDefaultRoute(family)
          : route.setDefaultRoute(parseAddress(mine.gateway), index);
      }),
    );
  }

  /** Interfaces that come get no IPv6 unless they are given an address of it, as in sandboxes of our own making. */
  withoutIpv6(): void {
    linux.inNetworkNamespace(this.fd, switchOffIpv6);
  }

  /** Takes an interface out, and its other end with it; gone already is no failure. */
  async remove(name: string): Promise<void> {
    await this.#socket.ask([route.deleteLink(name)]);
  }

  /** Names of the interfaces in it, but for `lo`. */
  async interfaces(): Promise<string[]> {
    const links = route.readLinks(await this.#socket.ask([route.listLinks()]));
    return links.map(({ name }) => name).filter((name) => name !== 'lo');
  }

  async #indexOf(name: string): Promise<number> {
    const link = await findLink(this.#socket, name);
    if (link === undefined) throw new Failed(`the namespace has no ${name}`);
    return link.index;
  }

  [Symbol.dispose](): void {
    this.#socket.close();
    closeSync(this.fd);
  }
}

/** Whose a sandbox is: a user namespace of its own with this map, or the one at a path. */
export type UserNamespace = { readonly map: IdMap } | { readonly path: string };

/** A new namespace, with nothing in it but `lo`. @throws SystemError */
export function makeSandbox(): Sandbox {
  const { fd, result } = linux.newNetworkNamespace(begin);
  return new Sandbox(fd, result);
}

/** The same, of a user namespace; undefined: of the host's. @throws SystemError, Failed */
export async function makeSandboxOf(owner: UserNamespace | undefined): Promise<Sandbox> {
  if (owner === undefined) return makeSandbox();
  const fd = await ('map' in owner ? linux.newMappedNetwork(owner.map) : linux.newNetworkIn(owner.path));
  try {
    return new Sandbox(fd, linux.inNetworkNamespace(fd, begin));
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Inside, before anything else. */
function begin(): NetlinkSocket {
  switchOffIpv6();
  return new NetlinkSocket(PROTOCOL.ROUTE);
}

/** One that exists, by its file. The caller disposes of it; the sandbox lives on. @throws SystemError */
export function openSandbox(path: string): Sandbox {
  const fd = openSync(path, 'r');
  try {
    return new Sandbox(
      fd,
      linux.inNetworkNamespace(fd, () => new NetlinkSocket(PROTOCOL.ROUTE)),
    );
  } catch (error) {
    closeSync(fd);
    throw error;
  }
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
