/** Who is on a network: endpoints by their sandboxes, of which each has at most one there. */
import { EventEmitter, once } from 'node:events';
import type { Endpoint } from './sandbox/endpoint.ts';

/** One endpoint of a network. */
export interface Member {
  readonly endpoint: Endpoint;
  /** Whether the host's ports lead to it. */
  readonly published: boolean;
}

/** The members of one network. */
export class Members extends Map<string, Member> {
  readonly #departures = new EventEmitter();

  override delete(sandboxId: string): boolean {
    const was = super.delete(sandboxId);
    if (was) this.#departures.emit('left');
    return was;
  }

  /** Waits for those who are on their way out, so long at most: a container is gone a moment before its sandbox is. */
  async untilNone(mostMs: number): Promise<void> {
    const timeout = AbortSignal.timeout(mostMs);
    while (this.size > 0 && !timeout.aborted)
      await once(this.#departures, 'left', { signal: timeout }).catch(() => undefined); // or the time is over
  }

  /** Whether a host interface of that name is one of them's. */
  hasInterface(name: string): boolean {
    for (const { endpoint } of this.values()) if (endpoint.hostInterface === name) return true;
    return false;
  }

  endpoints(): Endpoint[] {
    return [...this.values()].map(({ endpoint }) => endpoint);
  }

  endpointsBySandbox(): ReadonlyMap<string, Endpoint> {
    return new Map([...this].map(([id, { endpoint }]) => [id, endpoint]));
  }

  /** What is published of it: the ports of the others are closed. */
  asPublished(): ReadonlyMap<string, Endpoint> {
    return new Map(
      [...this].map(([id, { endpoint, published }]) => [
        id,
        published ? endpoint : { ...endpoint, ports: [] },
      ]),
    );
  }
}
