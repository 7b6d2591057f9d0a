/** For tests: a host of its own (a network namespace), neighbours on a cable, and talk between all of them. */

import dgram from 'node:dgram';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import * as linux from '../linux/index.ts';
import { addressBytes, parseAddress } from './addresses/address.ts';
import * as route from './netlink/route.ts';
import { NetlinkSocket, PROTOCOL } from './netlink/socket.ts';

const MARK = 'GANTRY_TEST_HOST';
/** Long for packets that cross two cables in memory; an expected silence costs a test this much. */
export const IN_VAIN_MS = 300;
/** A busy machine loses a first packet now and then: TCP sends it again after a second. */
const PATIENCE_MS = 5000;

/** Starts this program again inside a new network namespace, so that all its threads are in it. First line of a test. */
export async function onHostOfItsOwn(): Promise<void> {
  if (process.env[MARK] !== String(process.pid)) {
    linux.unshare(linux.CLONE.NEWNET);
    process.execve?.(process.execPath, [process.execPath, ...process.execArgv, ...process.argv.slice(1)], {
      ...process.env,
      [MARK]: String(process.pid), // execve keeps the number
    });
  }
  // New namespaces take the settings of the machine.
  for (const key of ['ipv4/ip_forward', 'ipv6/conf/all/forwarding', 'ipv6/conf/all/disable_ipv6'])
    writeFileSync(`/proc/sys/net/${key}`, '0');
  const socket = new NetlinkSocket(PROTOCOL.ROUTE);
  await socket.ask([route.raise('lo')]);
  socket.close();
}

/** Whether it comes to that within two seconds. */
export async function eventually(what: () => Promise<boolean>): Promise<boolean> {
  for (let i = 0; i < 100; i++) {
    if (await what()) return true;
    await sleep(20);
  }
  return false;
}

/** A machine beside the host, with a cable to it. */
export interface Neighbour {
  readonly fd: number;
  /** Further addresses of the host and of the machine, which share a prefix. */
  addAddresses(hostAddress: string, address: string, prefixLength: number): Promise<void>;
  addRoute(destination: string, gateway: string): Promise<void>;
  close(): Promise<void>;
}

/** `hostAddress` and `address` share a /24. */
export async function addNeighbour(name: string, hostAddress: string, address: string): Promise<Neighbour> {
  const host = new NetlinkSocket(PROTOCOL.ROUTE);
  const { fd, result: inside } = linux.newNetworkNamespace(() => new NetlinkSocket(PROTOCOL.ROUTE));
  await host.ask([
    route.addVeth({ host: name, bridgeIndex: 0, namespaceFd: fd, inside: 'eth0', mtu: 1500 }),
    route.raise(name),
  ]);
  const [outer] = route.readLinks(await host.ask([route.getLink(name)]));
  const [inner] = route.readLinks(
    await inside.ask([route.getLink('eth0'), route.raise('lo'), route.raise('eth0')]),
  );
  await host.ask([route.addAddress(outer?.index ?? 0, parseAddress(hostAddress), 24)]);
  await host.ask([route.getLink(name)]); // makes the kernel notice the plugged cable at once
  await inside.ask([route.addAddress(inner?.index ?? 0, parseAddress(address), 24)]);
  return {
    fd,
    addAddresses: async (hostAddress, address, prefixLength) => {
      await host.ask([route.addAddress(outer?.index ?? 0, parseAddress(hostAddress), prefixLength)]);
      await inside.ask([route.addAddress(inner?.index ?? 0, parseAddress(address), prefixLength)]);
    },
    addRoute: async (_destination, gateway) => {
      await inside.ask([route.setDefaultRoute(parseAddress(gateway), inner?.index ?? 0)]);
    },
    close: async () => {
      inside.close();
      closeSync(fd);
      await host.ask([route.deleteLink(name)]);
      host.close();
    },
  };
}

/** Where something happens: a namespace's descriptor, or the host itself. */
export type Namespace = number | 'host';
const at = <T>(where: Namespace, work: () => T): T =>
  where === 'host' ? work() : linux.inNetworkNamespace(where, work);
/** A container's namespace by its file. The caller closes it. */
export const openNamespace = (path: string): number => openSync(path, 'r');

const address = (ip: string, port: number): Buffer => linux.inetAddress(addressBytes(parseAddress(ip)), port);

const domainOf = (ip: string): number => (ip.includes(':') ? linux.AF.INET6 : linux.AF.INET);

/** A server that tells each client its own name and the address it saw. */
export async function serve(
  where: Namespace,
  port: number,
  name: string,
  ip = '0.0.0.0',
): Promise<AsyncDisposable> {
  const fd = at(where, () => {
    const made = linux.socket(domainOf(ip), linux.SOCK.STREAM, 0);
    linux.setOption(made, linux.SO.LEVEL, linux.SO.REUSEADDR, 1);
    linux.bind(made, address(ip, port));
    linux.listen(made, 16);
    return made;
  });
  const clients = new Set<net.Socket>();
  const server = net.createServer((client) => {
    clients.add(client);
    client.on('close', () => clients.delete(client)).on('error', () => client.destroy());
    client.end(`${name} ${client.remoteAddress}`);
  });
  server.listen({ fd });
  await once(server, 'listening');
  return {
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const client of clients) client.destroy(); // a firewall may keep its end from us
      await closed;
    },
  };
}

/** What a server answers, or the error's code, or `silence`. `device` forces the way out. */
export function ask(
  where: Namespace,
  ip: string,
  port: number,
  patienceMs = PATIENCE_MS,
  device?: string,
): Promise<string> {
  let fd: number;
  try {
    fd = at(where, () => {
      const made = linux.socket(domainOf(ip), linux.SOCK.STREAM | linux.SOCK.NONBLOCK, 0);
      if (device !== undefined)
        linux.setOptionBytes(made, linux.SO.LEVEL, linux.SO.BINDTODEVICE, Buffer.from(device));
      try {
        linux.connect(made, address(ip, port));
      } catch (error) {
        if ((error as linux.SystemError).code !== 'EINPROGRESS') throw error;
      }
      return made;
    });
  } catch (error) {
    return Promise.resolve((error as linux.SystemError).code);
  }
  return new Promise((resolve) => {
    const socket = new net.Socket({ fd });
    let heard = '';
    const timer = setTimeout(() => finish('silence'), patienceMs);
    const finish = (answer: string): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    socket.on('data', (bytes) => {
      heard += bytes;
    });
    socket.on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? 'error'));
    socket.on('end', () => finish(heard));
  });
}

/** A datagram server that answers with its name. */
export async function serveDatagrams(
  where: Namespace,
  port: number,
  name: string,
  ip = '0.0.0.0',
): Promise<AsyncDisposable> {
  const socket = await datagramSocket(where, port, ip);
  socket.on('message', (_bytes, from) => socket.send(`${name} ${from.address}`, from.port, from.address));
  return {
    [Symbol.asyncDispose]: async () => {
      socket.close();
      await once(socket, 'close');
    },
  };
}
/** A UDP socket on that port, in a container's namespace or on the host. */
export async function datagramSocket(where: Namespace, port: number, ip = '0.0.0.0'): Promise<dgram.Socket> {
  const fd = at(where, () => {
    const made = linux.socket(domainOf(ip), linux.SOCK.DGRAM | linux.SOCK.NONBLOCK, 0);
    linux.bind(made, address(ip, port));
    return made;
  });
  const socket = dgram.createSocket(ip.includes(':') ? 'udp6' : 'udp4');
  const listening = once(socket, 'listening'); // comes at once for a descriptor
  socket.bind({ fd });
  await listening;
  return socket;
}
/** The answer to one datagram, or `silence`, or an error's code. */
export function askDatagram(
  socket: dgram.Socket,
  ip: string,
  port: number,
  patienceMs = PATIENCE_MS,
): Promise<string> {
  return new Promise((resolve) => {
    const finish = (answer: string): void => {
      clearTimeout(timer);
      socket.removeAllListeners('message');
      socket.removeAllListeners('error');
      resolve(answer);
    };
    const timer = setTimeout(() => finish('silence'), patienceMs);
    socket.once('message', (bytes) => finish(String(bytes)));
    socket.once('error', (error: NodeJS.ErrnoException) => finish(error.code ?? 'error'));
    socket.send('hello', port, ip);
  });
}

/** Reads a file as it is seen there, such as one below /proc. */
export const readAt = (where: Namespace, path: string): string => at(where, () => readFileSync(path, 'utf8'));
/** Writes a file as it is seen there, such as a switch below /proc/sys/net. */
export const writeAt = (where: Namespace, path: string, value: string): void =>
  at(where, () => writeFileSync(path, value));
