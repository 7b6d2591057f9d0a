/** Which addresses of a subnet are given out. */
import { Failed } from '../../base/errors.ts';
import type { Address } from './address.ts';
import { contains, formatRange, type Subnet, sizeOf } from './subnet.ts';

/** Gives the next free address after the last given, so that a freed one rests for a while. Remembers only what is used. */
export class AddressPool {
  readonly subnet: Subnet;
  readonly #used = new Set<bigint>();
  /** The first address that is given, and how many there are: never the base, nor IPv4's broadcast address. */
  readonly #first: bigint;
  readonly #count: bigint;
  #last: bigint;

  constructor(subnet: Subnet) {
    const { base, prefixLength, gateway } = subnet;
    this.subnet = subnet;
    this.#first = base.value + 1n;
    this.#count = sizeOf(base.family, prefixLength) - (base.family === 4 ? 2n : 1n);
    this.#last = gateway.value;
    this.#used.add(gateway.value);
  }

  /** @throws Failed when none is free */
  take(): Address {
    const { family } = this.subnet.base;
    // One more step than there are used ones meets a free one, however large the subnet is.
    const steps = Math.min(this.#used.size + 1, Number(this.#count));
    for (let step = 1; step <= steps; step++) {
      const value = this.#first + ((this.#last - this.#first + BigInt(step)) % this.#count);
      if (this.#used.has(value)) continue;
      this.#used.add(value);
      this.#last = value;
      return { family, value };
    }
    throw new Failed(
      `no available IPv${family} addresses on this network's address pools: ${formatRange(this.subnet)}`,
    );
  }

  /** Marks one as used that was given in an earlier life. Not of this subnet: nothing to do. */
  claim(address: Address): void {
    if (!contains(this.subnet, address)) return;
    this.#used.add(address.value);
    this.#last = address.value;
  }

  /** It may be given again. The gateway never is. */
  release(address: Address): void {
    if (address.value !== this.subnet.gateway.value) this.#used.delete(address.value);
  }
}
