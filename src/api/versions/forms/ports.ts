/** Published ports in the forms that clients below 1.6 wrote and read. */
import { requestFailure } from '../../../model/failures/request.ts';
import { type Doc, homeIn, isDoc, memberOf } from '../doc-path.ts';
import type { JsonSchema } from '../shape.ts';

/** The list's ports as one string, as clients below 1.5 show it: `49153->80, 53->53/udp`, sorted. */
export function portsText(ports: unknown): string {
  if (!Array.isArray(ports)) return '';
  const shown = ports
    .filter(isDoc)
    // A port that is not published has no private one here, or the port 0.
    .filter((port) => port.PublicPort !== undefined && Boolean(port.PrivatePort));
  return shown
    .map((port) => `${port.PublicPort}->${port.PrivatePort}${port.Type === 'udp' ? '/udp' : ''}`)
    .sort()
    .join(', ');
}

/** The shape of that map; where ports had a map of their own it was null. */
export const PORT_MAPPING: JsonSchema = {
  ...{ type: 'object', nullable: true },
  additionalProperties: { type: 'object', additionalProperties: { type: 'string' } },
};

/** `NetworkSettings.Ports` as 1.4 and 1.5 wrote it: `{Tcp: {private: public}, Udp: {…}}`. */
export function portMapping(ports: unknown): { Tcp: Record<string, string>; Udp: Record<string, string> } {
  const mapping = { Tcp: {} as Record<string, string>, Udp: {} as Record<string, string> };
  for (const [port, bindings] of Object.entries(isDoc(ports) ? ports : {})) {
    const [number = '', protocol] = port.split('/');
    const published = Array.isArray(bindings) ? memberOf(bindings[0], 'HostPort') : undefined;
    if (typeof published === 'string') mapping[protocol === 'udp' ? 'Udp' : 'Tcp'][number] = published;
  }
  return mapping;
}

/**
 * `PortSpecs` (`80`, `8080:80`, `:80`, `ip:host:container`, each with `/udp`) becomes exposed ports and bindings.
 * A port without a public one is published on a port of the engine's choice, as clients of that time expected.
 * @throws InvalidArgument `Invalid port specification: "X"`
 */
export function publishSpecs(body: Doc, specs: readonly unknown[]): void {
  const exposed = homeIn(body, 'ExposedPorts');
  const bindings = homeIn(homeIn(body, 'HostConfig'), 'PortBindings') as Record<string, Doc[]>;
  for (const spec of specs) {
    const { ip, publicPort, port } = readSpec(spec);
    exposed[port] ??= {};
    bindings[port] = [...(bindings[port] ?? []), { HostIp: ip, HostPort: publicPort }];
  }
}

function readSpec(spec: unknown): { ip: string; publicPort: string; port: string } {
  const said = typeof spec === 'number' ? String(spec) : spec;
  const parts =
    typeof said === 'string' ? /^(?:(?:([0-9.]*):)?(\d*):)?(\d{1,5})(?:\/(tcp|udp))?$/.exec(said) : null;
  if (!parts || Number(parts[3]) > 65535 || Number(parts[2] ?? 0) > 65535)
    throw requestFailure.portSpecInvalid({ port: String(said) });
  return { ip: parts[1] ?? '', publicPort: parts[2] ?? '', port: `${parts[3]}/${parts[4] ?? 'tcp'}` };
}
