/** Opens what the engine is reached by, and says which of it stands open to more than its owner may think. */
import { readFileSync } from 'node:fs';
import { type Api, type Listener, listen, type Secure } from '../api/http/index.ts';
import type { Log } from '../base/log.ts';
import { chooseSockets, passedSockets } from './activation.ts';
import { formatHost, type Host } from './hosts.ts';
import type { DaemonOptions } from './options.ts';
import type { TlsOptions } from './tls-options.ts';

/** Listens at one host; `fd://` may mean several sockets. @throws Conflict, InvalidArgument */
export async function openHost(
  api: Api,
  host: Host,
  { group }: Pick<DaemonOptions, 'group'>,
  secure: Secure | undefined,
): Promise<Listener[]> {
  if (host.kind === 'unix')
    return [await listen(api, { kind: 'unix', path: host.path, group: socketGroup(group), mode: 0o660 })];
  if (host.kind === 'tcp') return [await listen(api, { ...host, secure })];
  const sockets = chooseSockets(host.name, passedSockets());
  return await Promise.all(sockets.map(({ fd }) => listen(api, { kind: 'fd', fd, secure })));
}

/** The group that was asked for; else `docker` where the host has it, as every installation of Docker sets it up. */
function socketGroup(asked: string | undefined): string | undefined {
  if (asked !== undefined) return asked === '' ? undefined : asked;
  try {
    return /^docker:/m.test(readFileSync('/etc/group', 'utf8')) ? 'docker' : undefined;
  } catch {
    return undefined;
  }
}

/** Logs a warning for each address on the network that lets in everybody who reaches it; gives them for `info`. */
export function warnOfOpenDoors(
  listeners: readonly Pick<Listener, 'network'>[],
  tls: TlsOptions | undefined,
  log: Log,
): string[] {
  const open = listeners.flatMap(({ network }) =>
    network && (!network.secure || tls?.clientAuthorities === undefined) ? [network] : [],
  );
  const warnings = open.map(openDoorWarning);
  for (const warning of warnings) log.warn('listener.open', { warning });
  return warnings;
}

/** What is said of one such address. */
function openDoorWarning({ address, port, secure }: NonNullable<Listener['network']>): string {
  const host = formatHost({ kind: 'tcp', host: address, port }).slice('tcp://'.length);
  const how = secure
    ? `https://${host} without TLS client verification`
    : `http://${host} without encryption`;
  const reach = ANYWHERE.includes(address)
    ? 'Every machine that reaches an address of this host, and every container,'
    : LOOPBACK.test(address)
      ? 'Every user and program of this host'
      : 'Every machine and container that reaches this address';
  return `WARNING: API is accessible on ${how}. ${reach} has the rights of root here: use --tlsverify, ssh or a unix socket (docs/remote-access.md).`;
}

const ANYWHERE: readonly string[] = ['0.0.0.0', '::'];
const LOOPBACK = /^(127\.|::1$|::ffff:127\.)/;
