/** Where the engine listens: the forms of -H/--host. */
import { InvalidArgument } from '../base/errors.ts';

/** One place to listen. `fd`: sockets that systemd opened; `name` is `*` (all), a number from 3 up, or a FileDescriptorName. */
export type Host =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'fd'; readonly name: string };

export const DEFAULT_SOCKET = '/var/run/docker.sock';
/** Registered for the API: without TLS, and with. */
const TCP_PORT = 2375;
const TLS_PORT = 2376;
/** sockaddr_un holds 108 bytes with its terminator. */
const SOCKET_PATH_MAX_BYTES = 107;

function unixHost(text: string, path: string): Host {
  if (!path.startsWith('/')) throw new InvalidArgument(`host ${text}: the socket's path must be absolute`);
  if (Buffer.byteLength(path) > SOCKET_PATH_MAX_BYTES)
    throw new InvalidArgument(
      `host ${text}: the socket's path is longer than ${SOCKET_PATH_MAX_BYTES} bytes`,
    );
  return { kind: 'unix', path };
}

function tcpHost(text: string, address: string, absentPort: number): Host {
  const parts = /^(\[[0-9a-fA-F:.]+\]|[^:/\s]*)(?::(\d{1,5}))?\/?$/.exec(address);
  const port = parts?.[2] === undefined ? absentPort : Number(parts[2]);
  if (!parts || port > 65535) throw new InvalidArgument(`host ${text}: not an ADDRESS:PORT`);
  const host = (parts[1] ?? '').replace(/^\[|\]$/g, '');
  return { kind: 'tcp', host: host === '' ? '127.0.0.1' : host, port };
}

/**
 * Reads `unix:///path`, `tcp://address:port`, `fd://…`, or `:port`; what is left out is filled in as dockerd does
 * (`unix://`: the default socket, `tcp://`: loopback, port 2375, or 2376 with TLS).
 * @throws InvalidArgument naming the host
 */
export function parseHost(text: string, tls = false): Host {
  const trimmed = text.trim();
  const [, scheme = 'tcp', rest = ''] = /^(?:([a-z]+):\/\/)?(.*)$/.exec(trimmed) ?? [];
  if (trimmed === '' || trimmed === 'unix://') return { kind: 'unix', path: DEFAULT_SOCKET };
  if (scheme === 'unix') return unixHost(trimmed, rest);
  if (scheme === 'tcp') return tcpHost(trimmed, rest, tls ? TLS_PORT : TCP_PORT);
  if (scheme !== 'fd')
    throw new InvalidArgument(`host ${trimmed}: unknown scheme ${scheme} (know unix, tcp, fd)`);
  const name = rest === '' ? '*' : rest;
  if (/^\d+$/.test(name) && Number(name) < 3)
    throw new InvalidArgument(`host ${trimmed}: passed descriptors start at 3`);
  return { kind: 'fd', name };
}

/** The form that {@link parseHost} reads. */
export function formatHost(host: Host): string {
  switch (host.kind) {
    case 'unix':
      return `unix://${host.path}`;
    case 'tcp':
      return `tcp://${host.host.includes(':') ? `[${host.host}]` : host.host}:${host.port}`;
    case 'fd':
      return `fd://${host.name === '*' ? '' : host.name}`;
    default:
      return host satisfies never;
  }
}
