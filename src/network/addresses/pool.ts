/** Which addresses of a subnet are given out. */
import { networkFailure } from '../../model/failures/network.ts';
import { type Address, formatAddress } from './address.ts';
import { contains, formatRange, lastOf, type Subnet, sizeOf } from './subnet.ts';

/** Gives the next free address after the last given, so that a freed one rests for a while; who had it may have it again. Remembers only what is used. */
export class AddressPool {
  readonly subnet: Subnet;
  readonly #used = new Set<bigint>();
  /** The gateway and what is reserved: never given, whoever asks. */
  readonly #kept: ReadonlySet<bigint>;
  /** First and last of those that are given to who asks for none. */
  readonly #first: bigint;
  readonly #count: bigint;
  #last: bigint;

  constructor(subnet: Subnet) {
    const { gateway, hostAddress = gateway, range = subnet, reserved = [] } = subnet;
    this.subnet = subnet;
    const most = (a: bigint, b: bigint): bigint => (a > b ? a : b);
    const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
    this.#first = most(range.base.value, this.#lowest);
    this.#count = least(lastOf(range).value, this.#highest) - this.#first + 1n;
    this.#kept = new Set([gateway, hostAddress, ...reserved].map(({ value }) => value));
    const isInside = contains(range, gateway) && gateway.value >= this.#first;
    this.#last = isInside ? gateway.value : this.#first - 1n;
  }

  /** Never the base of the subnet, nor IPv4's broadcast address. */
  get #lowest(): bigint {
    return this.subnet.base.value + 1n;
  }
  get #highest(): bigint {
    return lastOf(this.subnet).value - (this.subnet.base.family === 4 ? 1n : 0n);
  }

  /**
   * The next free one, or the one that is wanted.
   * @throws Failed when none is free · Forbidden when the wanted one is taken · InvalidArgument when it is not one of the subnet
   */
  take(wanted?: Address): Address {
    if (wanted !== undefined) return this.#takeThis(wanted);
    const { family } = this.subnet.base;
    // One more step than there are used ones meets a free one, however large the subnet is.
    const steps = Math.min(this.#used.size + this.#kept.size + 1, Number(this.#count));
    for (let step = 1; step <= steps; step++) {
      const value = this.#first + ((this.#last - this.#first + BigInt(step)) % this.#count);
      if (this.#used.has(value) || this.#kept.has(value)) continue;
      this.#used.add(value);
      this.#last = value;
      return { family, value };
    }
    throw networkFailure.noAddressFree({ family, subnet: formatRange(this.subnet) });
  }

  /** This one, if it is free and one of those that are given unasked. */
  takeIfFree({ value, family }: Address): Address | undefined {
    const isGiven = value >= this.#first && value < this.#first + this.#count;
    if (!isGiven || this.#used.has(value) || this.#kept.has(value)) return undefined;
    this.#used.add(value);
    return { family, value };
  }

  /** It does not change whose turn is next: the others are given as if nobody had asked. */
  #takeThis(wanted: Address): Address {
    const { value } = wanted;
    const isInside = contains(this.subnet, wanted) && value >= this.#lowest && value <= this.#highest;
    if (!isInside) throw networkFailure.addressOutOfRange({ address: formatAddress(wanted) });
    if (this.#used.has(value) || this.#kept.has(value)) throw networkFailure.addressTaken();
    this.#used.add(value);
    return wanted;
  }

  /** Marks one as used that was given in an earlier life. Not of this subnet: nothing to do. */
  claim(address: Address): void {
    if (!contains(this.subnet, address)) return;
    this.#used.add(address.value);
    if (address.value >= this.#first && address.value < this.#first + this.#count) this.#last = address.value;
  }

  /** How many addresses are in use, the subnet's first and last among them, and how many can still be given unasked. */
  usage(): { readonly inUse: bigint; readonly available: bigint } {
    const { base, prefixLength } = this.subnet;
    const used = [...new Set([...this.#used, ...this.#kept])];
    const givable = used.filter((value) => value >= this.#first && value < this.#first + this.#count);
    const ends = sizeOf(base.family, prefixLength) - (this.#highest - this.#lowest + 1n);
    return { inUse: BigInt(used.length) + ends, available: this.#count - BigInt(givable.length) };
  }

  /** It may be given again. Gateway and reserved ones never are. */
  release(address: Address): void {
    this.#used.delete(address.value);
  }
}
