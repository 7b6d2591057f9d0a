/** The name servers of all sandboxes that are on networks of their own: each on 127.0.0.11, port 53, in its namespace. */
import { closeSync, openSync } from 'node:fs';
import type { Log } from '../../base/log.ts';
import * as linux from '../../linux/index.ts';
import { NAME_SERVER } from '../files.ts';
import { NetlinkError, NetlinkSocket, PROTOCOL } from '../netlink/socket.ts';
import type { NameView } from './answer.ts';
import { HostServers } from './host-servers.ts';
import { redirectionTo, type ServerPorts } from './redirect.ts';
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
    this.#needs = { log, upstream: new Upstream(upstream), host: new HostServers(resolverFile) };
  }

  /**
   * Serves in the namespace of that file, whose `lo` is up, also after an earlier life of the engine; does nothing when
   * it serves there already. What was asked while nobody served is asked again by the resolver.
   * @throws NetlinkError, SystemError
   */
  async open(sandboxId: string, namespacePath: string, view: NameView): Promise<void> {
    if (this.#running.has(sandboxId)) return;
    const { netfilter, ports } = this.#start(sandboxId, openSync(namespacePath, 'r'), view);
    try {
      await redirect(netfilter, ports);
    } catch (error) {
      this.close(sandboxId);
      throw error;
    } finally {
      netfilter.close();
    }
  }

  #start(sandboxId: string, namespaceFd: number, view: NameView) {
    try {
      const { netfilter, udp, tcp } = linux.inNetworkNamespace(namespaceFd, () => ({
        ...openServerSockets(NAME_SERVER),
        netfilter: new NetlinkSocket(PROTOCOL.NETFILTER),
      }));
      const server = new NameServer(this.#needs, { udpFd: udp.fd, tcpFd: tcp.fd, namespaceFd }, view);
      this.#running.set(sandboxId, { server, namespaceFd });
      return { netfilter, ports: { udp: udp.port, tcp: tcp.port } };
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

async function redirect(netfilter: NetlinkSocket, ports: ServerPorts): Promise<void> {
  try {
    await netfilter.ask(redirectionTo(ports, 'first'));
  } catch (error) {
    if (!(error instanceof NetlinkError && error.systemCode === 'EEXIST')) throw error;
    await netfilter.ask(redirectionTo(ports, 'anew'));
  }
}
