/** The ports of a container as lists show them. */
import type { PortSummary } from '../../../model/container.ts';
import { ownEndpoints, publishedPortsOf } from '../../networks/index.ts';
import type { Container } from '../container.ts';
import { isAlive } from '../state.ts';

/** Published ports, and exposed ones that are not; none while it does not run, or has no network of its own. */
export function portSummaries(container: Container): PortSummary[] {
  const { config, state } = container.record;
  const isOnNetwork = Object.keys(ownEndpoints(container.record)).length > 0;
  if (!isAlive(state) || !isOnNetwork) return [];
  const published = publishedPortsOf(container.record).map(
    ({ protocol, containerPort, hostIp, hostPort }) => ({
      IP: hostIp || '0.0.0.0',
      PrivatePort: containerPort,
      PublicPort: hostPort,
      Type: protocol,
    }),
  );
  const exposed = Object.keys(config.ExposedPorts ?? {}).map((port) => {
    const [number = '', protocol = 'tcp'] = port.split('/');
    return { PrivatePort: Number(number), Type: protocol };
  });
  return [
    ...exposed.filter(
      ({ PrivatePort, Type }) =>
        !published.some((each) => each.PrivatePort === PrivatePort && each.Type === Type),
    ),
    ...published,
  ];
}
