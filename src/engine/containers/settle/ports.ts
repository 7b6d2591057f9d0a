/** Published ports: what `PortBindings` and `PublishAllPorts` ask for. Pure. */
import { isIP } from 'node:net';
import type { ContainerConfig, HostConfig } from '../../../model/container.ts';
import { settingFailure } from '../../../model/failures/setting.ts';
import { isProtocol, type PortRequest } from '../../../network/index.ts';

/** What to publish at each start, in the order of the bindings. Host port 0: the network chooses one. @throws InvalidArgument */
export function publishedPorts(
  host: Pick<HostConfig, 'PortBindings' | 'PublishAllPorts'>,
  exposed: ContainerConfig['ExposedPorts'],
): PortRequest[] {
  const ports: PortRequest[] = [];
  for (const [port, bindings] of Object.entries(host.PortBindings ?? {})) {
    const { containerPort, protocol } = parsePort(port);
    for (const { HostIp = '', HostPort = '' } of bindings ?? [])
      ports.push({
        protocol,
        containerPort,
        hostIp: checkAddress(HostIp),
        ...parseHostPort(HostPort),
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

function parsePort(text: string): Pick<PortRequest, 'containerPort' | 'protocol'> {
  const [number = '', protocol = 'tcp'] = text.split('/');
  const containerPort = Number(number);
  if (!/^\d{1,5}$/.test(number) || containerPort > 65_535 || containerPort === 0)
    throw settingFailure.portInvalid({ port: text });
  if (!isProtocol(protocol)) throw settingFailure.protocolUnsupported({ protocol, text });
  return { containerPort, protocol };
}

function checkAddress(text: string): string {
  if (text !== '' && isIP(text) === 0) throw settingFailure.hostIpInvalid({ text });
  return text;
}

/** `8080`, or a range of which any port will do. A protocol behind it means nothing, as it does to dockerd. */
function parseHostPort(text: string): Pick<PortRequest, 'hostPort' | 'lastHostPort'> {
  if (text === '') return { hostPort: 0 };
  const [, begin, end = begin] = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/\w*)?$/.exec(text) ?? [];
  const [hostPort, lastHostPort] = [Number(begin), Number(end)];
  const isRange = lastHostPort !== hostPort;
  if (begin === undefined || lastHostPort < hostPort || lastHostPort > 65_535 || (isRange && hostPort === 0))
    throw settingFailure.portInvalid({ port: text });
  return isRange ? { hostPort, lastHostPort } : { hostPort };
}
