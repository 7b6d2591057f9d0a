/** Links between members of a network: openings where neighbours do not reach each other. */
import type { Driver } from './drivers/driver.ts';
import type { Service } from './firewall/port-elements.ts';
import type { Endpoint } from './sandbox/endpoint.ts';

/** One end of a link. */
export interface End {
  readonly sandboxId: string;
  readonly endpoint: Endpoint;
}

/** The links of one network, by the sandboxes of both ends. */
export class Openings {
  readonly #driver: Pick<Driver, 'link' | 'unlink'>;
  readonly #open = new Map<string, { readonly from: End; readonly to: End }>();

  constructor(driver: Pick<Driver, 'link' | 'unlink'>) {
    this.#driver = driver;
  }

  /** @throws what the driver throws: then there is none */
  async open(from: End, to: End, services: readonly Service[]): Promise<void> {
    await this.#driver.link(from.endpoint, to.endpoint, services);
    this.#open.set(keyOf(from.sandboxId, to.sandboxId), { from, to });
  }

  /** No such link: nothing to do. */
  async close(fromId: string, toId: string): Promise<void> {
    const key = keyOf(fromId, toId);
    const link = this.#open.get(key);
    this.#open.delete(key);
    if (link !== undefined) await this.#driver.unlink(link.from.endpoint, link.to.endpoint);
  }

  /** Those that begin or end at a sandbox. */
  async closeAllOf(sandboxId: string): Promise<void> {
    for (const { from, to } of [...this.#open.values()])
      if (from.sandboxId === sandboxId || to.sandboxId === sandboxId)
        await this.close(from.sandboxId, to.sandboxId);
  }
}

const keyOf = (fromId: string, toId: string): string => `${fromId} ${toId}`;
