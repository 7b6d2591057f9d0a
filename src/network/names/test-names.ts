/** For tests: somebody who asks a name server, and a name server to be asked. */
import dgram from 'node:dgram';
import { once } from 'node:events';
import net from 'node:net';
import packet, { type DraftPacket, type Packet } from 'dns-packet';
import { codeOf } from '../../base/errors.ts';
import { familyOf } from '../addresses/address.ts';
import { datagramSocket } from '../test-host.ts';
import { framed, MessageReader } from './frames.ts';
import { connectionTo } from './sockets.ts';

/** Long for a machine with two busy cores; an expected silence costs a test what it says itself. */
const PATIENCE_MS = 10_000;
const DNS_PORT = 53;
const SERVER = '127.0.0.11';

/** How something is asked. */
export interface Asking {
  readonly type?: string;
  readonly server?: string;
  readonly patienceMs?: number;
  readonly additionals?: NonNullable<DraftPacket['additionals']>;
}
const question = (name: string, { type = 'A', additionals = [] }: Asking): Buffer =>
  packet.encode({ id: 0x4321, flags: 0x100, questions: [{ name, type }], additionals });

/** What the server says by UDP, asked from inside a namespace; `silence` when it says nothing. */
export async function askByDatagram(
  namespaceFd: number,
  name: string,
  asking: Asking = {},
): Promise<Packet | 'silence'> {
  const socket = await datagramSocket(namespaceFd, 0);
  const late = AbortSignal.timeout(asking.patienceMs ?? PATIENCE_MS);
  try {
    socket.send(question(name, asking), DNS_PORT, asking.server ?? SERVER);
    const [answer] = (await once(socket, 'message', { signal: late })) as [Buffer];
    return packet.decode(answer);
  } catch (error) {
    if (late.aborted) return 'silence';
    throw error;
  } finally {
    socket.close();
  }
}

/** What the server says on a connection to these bytes, which are one question or several; all that comes until it ends. */
export async function askByStream(
  namespaceFd: number,
  bytes: Buffer,
  answers: number,
  { patienceMs = PATIENCE_MS }: Pick<Asking, 'patienceMs'> = {},
): Promise<Packet[]> {
  const socket = connectionTo(SERVER, DNS_PORT, namespaceFd);
  const reader = new MessageReader(65_535);
  const got: Packet[] = [];
  socket.setTimeout(patienceMs, () => socket.end());
  socket.write(bytes);
  try {
    for await (const piece of socket as AsyncIterable<Buffer>) {
      for (const each of reader.push(piece) ?? []) got.push(packet.decode(each));
      if (got.length >= answers) break;
    }
  } catch (error) {
    if (codeOf(error) !== 'ECONNRESET') throw error; // it was cut off
  }
  socket.destroy();
  return got;
}
/** A question as it stands in a stream. */
export const framedQuestion = (name: string, asking: Asking = {}): Buffer => framed(question(name, asking));

/** The data of an answer's records, or its response code when it has none. */
export const toldBy = (answer: Packet | 'silence' | undefined): unknown => {
  if (answer === undefined || answer === 'silence') return answer ?? 'nothing';
  return answer.answers.length > 0 ? answer.answers.map(({ data }) => data) : `code ${answer.flags & 15}`;
};

/** Makes the messages that a server sends back to one. */
export type Replies = (asked: Packet, message?: Buffer) => readonly Buffer[];
/** One answer with this address. */
export const addressed =
  (address: string): Replies =>
  (asked) => [
    packet.encode({
      id: asked.id,
      type: 'response',
      flags: 0x180,
      questions: asked.questions,
      answers: [{ name: asked.questions[0]?.name ?? '', type: 'A', ttl: 60, data: address }],
    }),
  ];

/** A name server on the host, by UDP and TCP, which counts what it is asked. */
export async function startResolver(address: string, port: number, replies: Replies) {
  const heard: string[] = [];
  const ports: number[] = [];
  const udp = dgram.createSocket(familyOf(address) === 6 ? 'udp6' : 'udp4');
  const take = (message: Buffer): readonly Buffer[] => {
    const asked = packet.decode(message);
    heard.push(asked.questions[0]?.name ?? '');
    return replies(asked, message);
  };
  udp.on('message', (message, from) => {
    ports.push(from.port);
    for (const reply of take(message)) udp.send(reply, from.port, from.address);
  });
  udp.bind(port, address);
  const tcp = net.createServer((client) => {
    const reader = new MessageReader(65_535);
    client.on('error', () => client.destroy());
    client.on('data', (piece: Buffer) => {
      for (const message of reader.push(piece) ?? [])
        for (const reply of take(message)) client.write(framed(reply));
    });
  });
  tcp.listen(port, address);
  await Promise.all([once(udp, 'listening'), once(tcp, 'listening')]);
  return {
    /** The names that it was asked for. */
    heard,
    /** The ports from which datagrams came. */
    ports,
    send: (message: Buffer, to: number) => udp.send(message, to, '127.0.0.1'),
    [Symbol.asyncDispose]: async () => {
      udp.close();
      tcp.close();
      await once(tcp, 'close');
    },
  };
}
