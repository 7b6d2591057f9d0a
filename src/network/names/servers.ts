/** The name servers of all sandboxes that are on networks of their own: each on 127.0.0.11, port 53, in its namespace. */
import { closeSync, openSync } from 'node:fs';
import { codeOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import * as linux from '../../linux/index.ts';
import { NAME_SERVER } from '../files.ts';
import * as nft from '../netlink/nftables.ts';
import { NetlinkSocket, PROTOCOL } from '../netlink/socket.ts';
import type { NameView } from './answer.ts';
import { HostServers } from './host-servers.ts';
import { listRedirection, portsIn, redirectionTo, type ServerPorts } from './redirect.ts';
import { Replies } from './replies.ts';
import { NameServer, type ServerNeeds } from './server.ts';
import { openServerSockets } from './sockets.ts';
import { Upstream, type UpstreamOptions } from './upstream.ts';

/** What name servers need. */
export interface NameServersOptions extends UpstreamOptions {
  readonly log: Log;
  /** The file with the host's name servers. */
  readonly resolverFile?: string;
}

interface Running {
  readonly server: NameServer;
  readonly namespaceFd: number;
}

/** By sandbox. While one is open its descriptors keep its namespace: whoever opens, closes before the namespace is to go. */
export class NameServers {
  readonly #needs: ServerNeeds;
  readonly #running = new Map<string, Running>();

  constructor({ log, resolverFile = '/etc/resolv.conf', ...upstream }: NameServersOptions) {
    this.#needs = {
      log,
      upstream: new Upstream(upstream),
      host: new HostServers(resolverFile),
      replies: new Replies(),
    };
  }

  /**
   * Serves in the namespace of that file, whose `lo` is up, also after an earlier life of the engine; does nothing when
   * it serves there already. What was asked while nobody served is asked again by the resolver.
   * @throws NetlinkError, SystemError
   */
  async open(sandboxId: string, namespacePath: string, view: NameView): Promise<void> {
    if (this.#running.has(sandboxId)) return;
    const namespaceFd = openSync(namespacePath, 'r');
    try {
      const { udpFd, tcpFd } = await redirectedSockets(namespaceFd);
      const server = new NameServer(this.#needs, { udpFd, tcpFd, namespaceFd }, view);
      this.#running.set(sandboxId, { server, namespaceFd });
    } catch (error) {
      closeSync(namespaceFd);
      throw error;
    }
  }

  /** Serves there no longer. Absent: nothing to do. */
  close(sandboxId: string): void {
    const found = this.#running.get(sandboxId);
    if (found === undefined) return;
    this.#running.delete(sandboxId);
    found.server.close();
    closeSync(found.namespaceFd);
  }

  /** Serves nowhere any longer; containers that run on find nobody until the next life of the engine. */
  closeAll(): void {
    for (const sandboxId of [...this.#running.keys()]) this.close(sandboxId);
  }
}

/** On the ports of an earlier life, where the rules that lead there are whole: then the kernel has nothing to do. */
async function redirectedSockets(namespaceFd: number): Promise<{ udpFd: number; tcpFd: number }> {
  const netfilter = linux.inNetworkNamespace(namespaceFd, () => new NetlinkSocket(PROTOCOL.NETFILTER));
  try {
    const rules = nft.readRules(await netfilter.ask([listRedirection()]));
    const before = portsIn(rules);
    const { udp, tcp } = linux.inNetworkNamespace(namespaceFd, () => socketsAt(before));
    const fds = { udpFd: udp.fd, tcpFd: tcp.fd };
    const ports = { udp: udp.port, tcp: tcp.port };
    if (ports.udp === before?.udp && ports.tcp === before.tcp) return fds;
    try {
      await netfilter.ask(redirectionTo(ports, rules.length === 0 ? 'first' : 'anew'));
      return fds;
    } catch (error) {
      closeSync(udp.fd);
      closeSync(tcp.fd);
      throw error;
    }
  } finally {
    netfilter.close();
  }
}

/** Somebody in the sandbox may have taken one meanwhile. */
function socketsAt(ports: ServerPorts | undefined): ReturnType<typeof openServerSockets> {
  try {
    return openServerSockets(NAME_SERVER, ports);
  } catch (error) {
    if (ports === undefined || codeOf(error) !== 'EADDRINUSE') throw error;
    return openServerSockets(NAME_SERVER);
  }
}
