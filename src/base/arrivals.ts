/** Waiting for something that comes under a name: who asks may be there first. */

/** Things by their names, which come and go. */
export class Arrivals<T> {
  readonly #there = new Map<string, T>();
  readonly #waiting = new Set<() => void>();

  get(name: string): T | undefined {
    return this.#there.get(name);
  }

  values(): Iterable<T> {
    return this.#there.values();
  }

  set(name: string, one: T): void {
    this.#there.set(name, one);
    for (const wake of this.#waiting) wake();
  }

  delete(name: string): void {
    this.#there.delete(name);
  }

  /** The one of that name; undefined when it has not come in time, or `signal` has fired. */
  async within(name: string, ms: number, signal: AbortSignal): Promise<T | undefined> {
    const until = AbortSignal.any([signal, AbortSignal.timeout(ms)]);
    while (!until.aborted) {
      const found = this.#there.get(name);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#waiting.delete(wake);
          until.removeEventListener('abort', wake);
          resolve();
        };
        this.#waiting.add(wake);
        until.addEventListener('abort', wake, { once: true });
      });
    }
    return undefined;
  }
}
