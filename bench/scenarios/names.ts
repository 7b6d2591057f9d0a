/** names: how long an engine's name server takes to answer a container's questions for another one, many open at once. */
import dgram from 'node:dgram';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import packet from 'dns-packet';
import * as linux from '../../src/linux/index.ts';
import type { EnginePeer } from '../peers/peer.ts';
import { IDLE, removeNow, start } from './containers.ts';
import type { Figures, Scenario } from './scenario.ts';

const QUESTIONS = 2000;
const OPEN = 16;
const DNS_PORT = 53;
const NETWORK = 'gantry-bench-names';
const ASKED_FOR = 'web';
/** Without it podman's networks have no name server. */
const AARDVARK = ['/usr/lib/podman/aardvark-dns', '/usr/libexec/podman/aardvark-dns'];
/** A datagram that was lost is never answered. */
const PATIENCE_MS = 5000;

export const names: Scenario = {
  name: 'names',
  title: `${QUESTIONS} questions for a container's name, ${OPEN} open at a time`,
  unit: 'ms',
  networked: true,
  rounds: 9,
  warmUps: 2,
  prepare: async (peer) => {
    if (peer.is === 'runtime') return undefined;
    if (peer.name === 'podman' && !AARDVARK.some((path) => existsSync(path))) return undefined;
    const closing = new AsyncDisposableStack();
    try {
      const asker = await twoOnANetwork(peer, closing);
      return { once: () => ask(peer, asker), close: () => closing.disposeAsync() };
    } catch (error) {
      await closing.disposeAsync();
      throw error;
    }
  },
};

interface Asker {
  readonly socket: dgram.Socket;
  readonly server: string;
  /** What must be answered. */
  readonly address: string;
}

/** A container to ask for, and one whose namespace the questions come from. */
async function twoOnANetwork(peer: EnginePeer, closing: AsyncDisposableStack): Promise<Asker> {
  await peer.api.json('POST', '/networks/create', { Name: NETWORK, Driver: 'bridge' });
  closing.defer(async () => void (await peer.api.call('DELETE', `/networks/${NETWORK}`)));
  const [web, client] = [await member(peer, closing, ASKED_FOR), await member(peer, closing, 'client')];
  const pid = client.State.Pid;
  const server = /^nameserver (\S+)/m.exec(readFileSync(`/proc/${pid}/root/etc/resolv.conf`, 'utf8'))?.[1];
  const address = web.NetworkSettings.Networks[NETWORK]?.IPAddress;
  if (server === undefined || address === undefined)
    throw new Error(`${peer.name}: no name server, or no address`);
  const namespace = openSync(`/proc/${pid}/ns/net`, 'r');
  const fd = linux.inNetworkNamespace(namespace, () => {
    const made = linux.socket(linux.AF.INET, linux.SOCK.DGRAM | linux.SOCK.NONBLOCK, 0);
    linux.bind(made, linux.inetAddress(Buffer.alloc(4), 0));
    return made;
  });
  closeSync(namespace);
  const socket = dgram.createSocket({
    type: 'udp4',
    lookup: (host, _options, done) => done(null, host, 4), // an address each time: nothing to look up
  });
  closing.defer(() => void socket.close());
  const listening = once(socket, 'listening');
  socket.bind({ fd });
  await listening;
  return { socket, server, address };
}

interface Inspected {
  readonly State: { readonly Pid: number };
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>> };
}

async function member(peer: EnginePeer, closing: AsyncDisposableStack, name: string): Promise<Inspected> {
  const { Id } = await peer.api.json<{ Id: string }>('POST', `/containers/create?name=${name}`, {
    Image: peer.image,
    Cmd: IDLE,
    HostConfig: { NetworkMode: NETWORK },
  });
  closing.defer(() => removeNow(peer, Id));
  await start(peer, Id);
  return await peer.api.json<Inspected>('GET', `/containers/${Id}/json`);
}

/** Each answer lets the next question go. @throws when one is wrong, or does not come */
async function ask(peer: EnginePeer, { socket, server, address }: Asker): Promise<Figures> {
  const question = packet.encode({ id: 0, flags: 0x100, questions: [{ name: ASKED_FOR, type: 'A' }] });
  const end = Buffer.from(address.split('.').map(Number));
  const sentAt = new Float64Array(QUESTIONS);
  const tookMs: number[] = [];
  let sent = 0;
  const next = (): void => {
    if (sent === QUESTIONS) return;
    question.writeUInt16BE(sent, 0);
    sentAt[sent++] = performance.now();
    socket.send(Buffer.from(question), DNS_PORT, server);
  };
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const late = setTimeout(() => reject(new Error(`${peer.name}: ${tookMs.length} answers`)), PATIENCE_MS);
  socket.on('message', (answer) => {
    if (answer.readUInt16BE(6) !== 1 || answer.indexOf(end) < 0)
      return reject(new Error(`${peer.name} answered ${answer.toString('hex')}`));
    tookMs.push(performance.now() - (sentAt[answer.readUInt16BE(0)] ?? 0));
    if (tookMs.length === QUESTIONS) return resolve();
    next();
  });
  const began = performance.now();
  try {
    for (let i = 0; i < OPEN; i++) next();
    await promise;
  } finally {
    clearTimeout(late);
    socket.removeAllListeners('message');
  }
  const total = performance.now() - began;
  tookMs.sort((a, b) => a - b);
  return { total, 'slowest of a hundred': tookMs[Math.floor(QUESTIONS * 0.99)] ?? 0 };
}
