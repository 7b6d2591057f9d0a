/** Where the API listens: unix sockets, TCP, and sockets that systemd made for us. */
import { chmodSync, chownSync, lstatSync, readFileSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { Conflict, codeOf, InvalidArgument } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { Api } from './api.ts';
import type { Arrival } from './arrival.ts';
import { KEEP_ALIVE_MS } from './limits.ts';
import type { Certificates, Secure } from './secure.ts';

/** A place to listen at. */
export type Address =
  | {
      readonly kind: 'unix';
      readonly path: string;
      /** A group's name or number; undefined: the process's own. */
      readonly group?: string | undefined;
      /** Permission bits; undefined: 0660. */
      readonly mode?: number | undefined;
    }
  | {
      readonly kind: 'tcp';
      readonly host: string;
      readonly port: number;
      readonly secure?: Secure | undefined;
    }
  /** TLS is for what comes over the network: a unix socket that was passed stays plain. */
  | { readonly kind: 'fd'; readonly fd: number; readonly secure?: Secure | undefined };

/** TLS for listeners; who has none does not load it. */
export async function openSecure(
  certificates: Certificates,
  log: Log,
  handshakeTimeoutMs?: number,
): Promise<Secure> {
  const { Secure } = await import('./secure.ts');
  return new Secure(certificates, log, handshakeTimeoutMs);
}

/** One place that is listened at. */
export interface Listener {
  /** The port that was taken, for TCP with port 0. */
  readonly port: number | undefined;
  /** Where and how it listens on the network; undefined: on a unix socket. */
  readonly network: { readonly address: string; readonly port: number; readonly secure: boolean } | undefined;
  /** Stops listening and removes a unix socket's file. Open connections stay. */
  close(): Promise<void>;
}

/** @throws Conflict when somebody else serves the address · InvalidArgument for an unknown group */
export async function listen(api: Api, address: Address): Promise<Listener> {
  // Clients end their side of a stream and go on reading: half-open connections are the rule here.
  // Nobody is let in before it is known whether they come over the network.
  let take = (socket: Socket): void => void socket.destroy();
  const server = createServer(
    { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS },
    (socket: Socket) => take(socket),
  );
  if (address.kind === 'unix') await listenUnix(server, address);
  else if (address.kind === 'tcp') await begin(server, { host: address.host, port: address.port });
  else await begin(server, { fd: address.fd });
  const bound = server.address();
  // A unix socket's address is its path; an unnamed one has none.
  const place = typeof bound === 'object' && bound !== null ? bound : undefined;
  const secure = place && address.kind !== 'unix' ? address.secure : undefined;
  const arrival: Arrival = {
    kind: place ? 'tcp' : 'unix',
    host: address.kind === 'tcp' ? address.host : undefined,
    tls: secure !== undefined,
  };
  const accept = (socket: Socket): void => api.accept(socket, arrival);
  take = secure?.door(accept) ?? accept;
  return {
    port: place?.port,
    network: place && { address: place.address, port: place.port, secure: secure !== undefined },
    async close() {
      await new Promise<void>((resolve) => {
        // It calls back when the last connection is gone, which is not ours to wait for.
        server.close();
        server.unref();
        resolve();
      });
      if (address.kind === 'unix') removeOwn(address.path);
    },
  };
}

type Unix = Extract<Address, { kind: 'unix' }>;

async function listenUnix(server: Server, { path, group, mode }: Unix): Promise<void> {
  const gid = group === undefined ? undefined : groupId(group);
  await clearStale(path);
  // Nobody but the owner may connect until group and mode stand.
  const before = process.umask(0o177);
  try {
    await begin(server, { path });
  } finally {
    process.umask(before);
  }
  if (gid !== undefined) chownSync(path, process.getuid?.() ?? 0, gid);
  chmodSync(path, mode ?? 0o660);
}

async function begin(
  server: Server,
  where: { path: string } | { host: string; port: number } | { fd: number },
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const refused = (error: Error) => reject(codeOf(error) === 'EADDRINUSE' ? inUse(where, error) : error);
    server.once('error', refused);
    server.listen(where, () => {
      server.off('error', refused);
      // Running out of descriptors must not end the engine: the connection is refused, the next may succeed.
      server.on('error', () => undefined);
      resolve();
    });
  });
}

const inUse = (where: object, cause: Error) =>
  new Conflict(`already in use: ${Object.values(where).join(':')}`, { cause });

/** A socket file that nobody answers is left from a crash; one that answers belongs to a living engine. */
async function clearStale(path: string): Promise<void> {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (!there) return;
  if (!there.isSocket()) throw new Conflict(`cannot listen on ${path}: there is a file that is no socket`);
  if (await answers(path)) throw new Conflict(`cannot listen on ${path}: another engine is listening there`);
  unlinkSync(path);
}

async function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    // EAGAIN: it listens, but its queue is full.
    probe.once('error', (error) => resolve(codeOf(error) === 'EAGAIN'));
  });
}

function removeOwn(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

/** @throws InvalidArgument when the host has no such group */
function groupId(group: string): number {
  if (/^\d+$/.test(group)) return Number(group);
  const line = readFileSync('/etc/group', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${group}:`));
  const id = line?.split(':')[2];
  if (id === undefined || id === '') throw new InvalidArgument(`no such group: ${group}`);
  return Number(id);
}
