/** The runtime's console socket: it sends the master side of the container's terminal as a descriptor. */
import { closeSync, rmSync } from 'node:fs';
import { Failed } from '../../base/errors.ts';
import {
  AF,
  accept,
  bind,
  listen,
  type Reactor,
  receiveDescriptors,
  SOCK,
  setNonBlocking,
  socket,
  unixAddress,
} from '../../linux/index.ts';

/** A socket at `path` (at most 107 bytes) on which one terminal is expected. */
export class ConsoleSocket {
  readonly path: string;
  readonly #reactor: Reactor;
  readonly #fds: number[] = [];
  readonly #master = Promise.withResolvers<number>();
  #open = true;

  constructor(path: string, reactor: Reactor) {
    this.path = path;
    this.#reactor = reactor;
    this.#master.promise.catch(() => undefined);
    const fd = socket(AF.UNIX, SOCK.STREAM, 0);
    this.#fds.push(fd);
    try {
      setNonBlocking(fd, true);
      bind(fd, unixAddress(path));
      listen(fd, 1);
      reactor.add(fd, () => this.#accept(fd));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  #accept(listener: number): void {
    const connection = accept(listener);
    if (connection < 0) return;
    this.#fds.push(connection);
    this.#reactor.add(connection, () => {
      const master = receiveDescriptors(connection)?.fds[0];
      if (master === undefined) this.#master.reject(new Failed('the runtime sent no terminal'));
      else this.#master.resolve(master);
      this.#reactor.remove(connection);
    });
  }

  /** The terminal's master side, yours to close. @throws Failed when the runtime sent none */
  async master(): Promise<number> {
    return await this.#master.promise;
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    for (const fd of this.#fds) {
      this.#reactor.remove(fd);
      closeSync(fd);
    }
    this.#master.reject(new Failed('the runtime sent no terminal'));
    rmSync(this.path, { force: true });
  }
}
