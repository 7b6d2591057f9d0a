/** The host's interfaces, listed once for many who ask shortly after each other. */
import * as route from './route.ts';
import type { NetlinkSocket } from './socket.ts';

/** The interface of that name, as the kernel has it now; undefined: there is none. @throws NetlinkError */
export async function findLink(socket: NetlinkSocket, name: string): Promise<route.Link | undefined> {
  const [link] = route.readLinks(await socket.ask([route.getLink(name)]));
  return link;
}

/** One mending asks for every bridge within this time; the next one looks again. */
const FRESH_MS = 500;

/** What stood there a moment ago: whoever must be sure asks by {@link findLink}. */
export class LinkList {
  readonly #socket: NetlinkSocket;
  #listed: Promise<ReadonlyMap<string, number>> | undefined;
  #staleAt = 0;

  constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  /** The index of the interface of that name. @throws NetlinkError */
  async indexOf(name: string): Promise<number | undefined> {
    if (this.#listed === undefined || performance.now() >= this.#staleAt) {
      this.#staleAt = performance.now() + FRESH_MS;
      this.#listed = this.#list();
    }
    return (await this.#listed).get(name);
  }

  async #list(): Promise<ReadonlyMap<string, number>> {
    const links = route.readLinks(await this.#socket.ask([route.listLinks()]));
    return new Map(links.map(({ name, index }) => [name, index]));
  }
}
