/** Failures of networks and published ports. */
import { Failed, Forbidden, InvalidArgument, NotFound, NotImplemented } from '../../base/errors.ts';
import { contexts, failure, failures } from '../../base/failures.ts';

/** Failures of networks and published ports. */
export const networkFailure = failures('network', {
  /** `port` 0: one of a range. `why`: in the kernel's words, or that it is allocated. */
  portNotBound: failure(
    Failed,
    ({ ip, port, why }: { ip: string; port: number; why: string }) => `Bind for ${ip}:${port} failed: ${why}`,
  ),
  /** All ports of a range that was asked for. */
  portsAllocated: failure(Failed, () => 'all ports are allocated'),
  /** A port on an address of a family that the container has none of. */
  hostFamilyUnserved: failure(
    NotImplemented,
    ({ address, family }: { address: string; family: 4 | 6 }) =>
      `cannot publish on ${address}: the container has no IPv${family} address`,
  ),
  noSubnetFree: failure(
    Failed,
    ({ family }: { family: 4 | 6 }) =>
      `could not find an available, non-overlapping IPv${family} address pool among the defaults to assign to the network`,
  ),
  noAddressFree: failure(
    Failed,
    ({ family, subnet }: { family: 4 | 6; subnet: string }) =>
      `no available IPv${family} addresses on this network's address pools: ${subnet}`,
  ),
  /** An address that was asked for. */
  addressTaken: failure(Forbidden, () => 'Address already in use'),
  addressOutOfRange: failure(
    InvalidArgument,
    ({ address }: { address: string }) =>
      `Invalid address ${address}: It does not belong to any of this network's subnets`,
  ),
  /** A driver option of a bridge network. */
  optionInvalid: failure(
    InvalidArgument,
    ({ label, value, why }: { label: string; value: string; why: string }) =>
      `failed to parse ${label} value: ${value} (${why})`,
  ),
  severalSubnets: failure(Forbidden, () => "bridge driver doesn't support multiple subnets"),
  isolatedNotInternal: failure(
    InvalidArgument,
    () => "gateway mode 'isolated' can only be used for an internal network",
  ),
  notFound: failure(NotFound, ({ name }: { name: string }) => `network ${name} not found`, true),
});

/** What was being done with a network. */
export const networkContext = contexts('network', {
  publish: ({ container, network }: { container: string; network: string }) =>
    `driver failed programming external connectivity on endpoint ${container} (${network})`,
});
