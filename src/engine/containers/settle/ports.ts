/** Published ports: what `PortBindings` and `PublishAllPorts` ask for. Pure. */
import { isIP } from 'node:net';
import { InvalidArgument } from '../../../base/errors.ts';
import type { ContainerConfig, HostConfig } from '../../../model/container.ts';
import type { PublishedPort } from '../../../network/index.ts';

/** Host port 0: the network chooses one. @throws InvalidArgument */
export function publishedPorts(
  host: Pick<HostConfig, 'PortBindings' | 'PublishAllPorts'>,
  exposed: ContainerConfig['ExposedPorts'],
): PublishedPort[] {
  const ports: PublishedPort[] = [];
  for (const [port, bindings] of Object.entries(host.PortBindings ?? {})) {
    const { containerPort, protocol } = parsePort(port);
    for (const { HostIp = '', HostPort = '' } of bindings ?? [])
      ports.push({
        protocol,
        containerPort,
        hostIp: checkAddress(HostIp),
        hostPort: parseHostPort(HostPort),
      });
  }
  if (!host.PublishAllPorts) return ports;
  const bound = new Set(ports.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`));
  for (const port of Object.keys(exposed ?? {})) {
    const { containerPort, protocol } = parsePort(port);
    if (!bound.has(`${containerPort}/${protocol}`))
      ports.push({ protocol, containerPort, hostIp: '', hostPort: 0 });
  }
  return ports;
}

function parsePort(text: string): { containerPort: number; protocol: 'tcp' | 'udp' } {
  const [number = '', protocol = 'tcp'] = text.split('/');
  const containerPort = Number(number);
  if (!/^\d{1,5}$/.test(number) || containerPort > 65_535 || containerPort === 0)
    throw new InvalidArgument(`invalid port specification: ${JSON.stringify(text)}`);
  if (protocol !== 'tcp' && protocol !== 'udp')
    throw new InvalidArgument(`publishing ${protocol} ports is not supported: ${text}`);
  return { containerPort, protocol };
}

function checkAddress(text: string): string {
  if (text !== '' && isIP(text) === 0)
    throw new InvalidArgument(`invalid host IP address: ${JSON.stringify(text)}`);
  return text;
}

/** A range asks for any port of it; the first is tried. */
function parseHostPort(text: string): number {
  if (text === '') return 0;
  const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  if (first === undefined || Number(last) < Number(first) || Number(last) > 65_535)
    throw new InvalidArgument(`invalid port specification: ${JSON.stringify(text)}`);
  return Number(first);
}
