/** The hardware address of an endpoint's interface, which some kinds leave no choice in. Pure. */
import { networkFailure } from '../../model/failures/network.ts';
import type { Address } from '../addresses/address.ts';
import { hardwareAddressFor } from '../addresses/hardware.ts';
import type { Driver } from './driver.ts';

/** The one asked for, else one made from the first address; undefined: it has its parent's. @throws InvalidArgument */
export function hardwareAddressIn(
  { kind, ownHardwareAddresses }: Pick<Driver, 'kind' | 'ownHardwareAddresses'>,
  asked: Buffer | undefined,
  first: Address | undefined,
): Buffer | undefined {
  if (ownHardwareAddresses) return asked ?? hardwareAddressFor(first ?? { family: 4, value: 0n });
  if (asked === undefined) return undefined;
  throw networkFailure.hardwareAddressShared({ kind });
}
