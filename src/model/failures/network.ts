/** Failures of networks and published ports. */
import { Failed, NotFound } from '../../base/errors.ts';
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
  notFound: failure(NotFound, ({ name }: { name: string }) => `network ${name} not found`, true),
});

/** What was being done with a network. */
export const networkContext = contexts('network', {
  publish: ({ container, network }: { container: string; network: string }) =>
    `driver failed programming external connectivity on endpoint ${container} (${network})`,
});
