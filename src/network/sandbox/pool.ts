/** Sandboxes made ahead of need, each with its first interface on one network: up, without an address yet. */
import type { Sandbox, SandboxInterface } from './sandbox.ts';

/** Ready ones: a start takes one while the next is made. A ready one costs about 0.2 MiB of kernel memory. */
const READY_MAX = 2;
/** Making one may wait for the kernel's network lock, so it must not run while starts are under way. */
const REFILL_AFTER_MS = 20;

/** A sandbox that waits for its container. */
export interface ReadySandbox {
  readonly sandbox: Sandbox;
  readonly link: SandboxInterface;
  readonly hostInterface: string;
}

/** How the sandboxes of a network are made. */
export interface SandboxSource {
  /** A name for an interface on the host that nobody has. */
  readonly newName: () => string;
  /** A sandbox on the network, whose other end has this name. @throws what the kernel refuses */
  readonly make: (hostInterface: string) => Promise<ReadySandbox>;
  /** Whether some are made ahead; else each when it is needed. */
  readonly isAhead: boolean;
  /** Told when none could be made ahead; the next take tries again. */
  readonly onError: (error: unknown) => void;
}

/** The ready sandboxes of one network. */
export class SandboxPool {
  readonly #source: SandboxSource;
  readonly #ready: ReadySandbox[] = [];
  /** Host sides that are being made or wait here. */
  readonly #names = new Set<string>();
  #refill: NodeJS.Timeout | undefined;
  #making: Promise<boolean> | undefined;
  #closed = false;

  constructor(source: SandboxSource) {
    this.#source = source;
  }

  /** A ready one, or one made now. The caller disposes of its sandbox. @throws what the source throws */
  async take(): Promise<ReadySandbox> {
    const found = this.#ready.shift() ?? (await this.#create());
    this.#names.delete(found.hostInterface);
    this.#plan();
    return found;
  }

  /** One that is not as those made ahead. The caller disposes of its sandbox. @throws what `make` throws */
  async takeOther(make: SandboxSource['make']): Promise<ReadySandbox> {
    const made = await this.#create(make);
    this.#names.delete(made.hostInterface);
    return made;
  }

  /** Names of the host sides that are being made or wait here. */
  interfaces(): ReadonlySet<string> {
    return this.#names;
  }

  /** Drops what is ready, for example because the network's bridge was made anew. */
  empty(): void {
    for (const { sandbox, hostInterface } of this.#ready.splice(0)) {
      this.#names.delete(hostInterface);
      sandbox[Symbol.dispose]();
    }
  }

  /** Makes no more, and drops what is ready. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#refill);
    await this.#making;
    this.empty();
  }

  #plan(): void {
    clearTimeout(this.#refill);
    if (this.#closed || !this.#source.isAhead || this.#ready.length >= READY_MAX) return;
    this.#refill = setTimeout(() => {
      void this.#fill();
    }, REFILL_AFTER_MS);
    this.#refill.unref();
  }

  /** One at a time; what failed is tried again when the next one is taken. */
  async #fill(): Promise<void> {
    if (this.#making !== undefined) return;
    this.#making = this.#make();
    const made = await this.#making;
    this.#making = undefined;
    if (made) this.#plan();
  }

  async #make(): Promise<boolean> {
    try {
      this.#ready.push(await this.#create());
    } catch (error) {
      this.#source.onError(error);
      return false;
    }
    return true;
  }

  async #create(make = this.#source.make): Promise<ReadySandbox> {
    const name = this.#source.newName();
    this.#names.add(name);
    try {
      return await make(name);
    } catch (error) {
      this.#names.delete(name);
      throw error;
    }
  }
}
