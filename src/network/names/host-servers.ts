/** The host's name servers, as they are now. */
import { readText } from '../../base/files.ts';
import { nameServersOf } from '../files.ts';

/** A change of the host's file counts after so long: reading it for each question would cost more than the question. */
const AGE_MAX_MS = 1000;

/** Follows the host's resolv.conf, the file itself and not what systemd-resolved makes it from: its stub is asked, too. */
export class HostServers {
  readonly #path: string;
  #servers: readonly string[] = [];
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(path: string) {
    this.#path = path;
  }

  /** None when there is no file, or it names none. */
  get addresses(): readonly string[] {
    const now = performance.now();
    if (now - this.#readAt > AGE_MAX_MS) {
      this.#readAt = now;
      this.#servers = nameServersOf(readText(this.#path));
    }
    return this.#servers;
  }
}
