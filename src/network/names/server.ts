/** The name server of one sandbox: questions in, answers out, by both transports. */
import type dgram from 'node:dgram';
import net from 'node:net';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { NAME_SERVER } from '../files.ts';
import { answerFromZones, type NameView } from './answer.ts';
import { framed, MessageReader } from './frames.ts';
import type { HostServers } from './host-servers.ts';
import {
  answerTo,
  answerWithCode,
  passedOn,
  QUESTION_BYTES_MAX,
  type Question,
  RCODE,
  readQuestion,
  TYPE,
} from './message.ts';
import type { Replies } from './replies.ts';
import { datagramSocketOf } from './sockets.ts';
import type { Servers, Transport, Upstream } from './upstream.ts';

/** Questions of one sandbox that wait for others' answers; Docker's number. Above it they are refused. */
const FORWARDED_MAX = 1024;
/** Connections of one sandbox: a resolver needs one, and each holds a descriptor of the engine. */
const CONNECTIONS_MAX = 64;
/** A connection on which nothing comes or goes for so long is closed (RFC 7766, 6.2.3: a few seconds). */
const IDLE_MS = 10_000;
/** A client that does not read its answers is cut off when it is behind by more than the longest one. */
const BEHIND_BYTES_MAX = 131_072;
/** The longest message that fits a TCP frame. */
const STREAM_BYTES_MAX = 65_535;

/** What a server needs of the engine. */
export interface ServerNeeds {
  readonly log: Log;
  readonly upstream: Upstream;
  readonly host: HostServers;
  readonly replies: Replies;
}

/** The descriptors that it serves, and its namespace's; it owns them. */
export interface ServerSockets {
  readonly udpFd: number;
  readonly tcpFd: number;
  readonly namespaceFd: number;
}

/** At once from the zones, later from others, or never. */
type Reply = Buffer | Promise<Buffer> | undefined;

/** Serves until it is closed. */
export class NameServer {
  readonly #needs: ServerNeeds;
  readonly #view: NameView;
  readonly #namespaceFd: number;
  readonly #udp: dgram.Socket;
  readonly #tcp: net.Server;
  readonly #connections = new Set<net.Socket>();
  #forwarded = 0;
  readonly #end = new AbortController();
  #told = false;

  constructor(needs: ServerNeeds, { udpFd, tcpFd, namespaceFd }: ServerSockets, view: NameView) {
    this.#needs = needs;
    this.#view = view;
    this.#namespaceFd = namespaceFd;
    this.#udp = datagramSocketOf(udpFd, 4);
    this.#udp.on('message', (message, { port, address }) => {
      if (port === 0) return; // a forged one, that nobody can be answered at
      this.#take(message, 'udp', (answer) => needs.replies.send(udpFd, answer, port, address));
    });
    this.#udp.on('error', (error) => this.#tell(error));
    this.#tcp = net.createServer((connection) => this.#serve(connection));
    this.#tcp.maxConnections = CONNECTIONS_MAX;
    this.#tcp.on('error', (error) => this.#tell(error));
    this.#tcp.listen({ fd: tcpFd });
  }

  /** Questions under way are not answered any more. */
  close(): void {
    if (this.#end.signal.aborted) return;
    this.#end.abort();
    this.#needs.replies.flush();
    this.#udp.close();
    this.#tcp.close();
    for (const connection of this.#connections) connection.destroy();
  }

  /** Once: what a container can bring about must not fill the log. */
  #tell(error: unknown): void {
    if (!this.#told) this.#needs.log.warn('network.names.trouble', { error: messageOf(error) });
    this.#told = true;
  }

  #serve(connection: net.Socket): void {
    const reader = new MessageReader(QUESTION_BYTES_MAX);
    this.#connections.add(connection);
    connection.setTimeout(IDLE_MS, () => connection.destroy());
    connection.on('error', () => connection.destroy());
    connection.on('close', () => this.#connections.delete(connection));
    connection.on('data', (piece: Buffer) => {
      const messages = reader.push(piece);
      if (messages === undefined) connection.destroy();
      for (const message of messages ?? [])
        this.#take(message, 'tcp', (answer) => {
          if (connection.writableLength > BEHIND_BYTES_MAX) connection.destroy();
          if (connection.writable) connection.write(framed(answer));
        });
    });
  }

  #take(message: Buffer, transport: Transport, send: (answer: Buffer) => void): void {
    const reply = this.#reply(message, transport);
    if (Buffer.isBuffer(reply)) send(reply);
    else
      void reply?.then((answer) => {
        if (!this.#end.signal.aborted) send(answer);
      });
  }

  #reply(message: Buffer, transport: Transport): Reply {
    const read = readQuestion(message);
    if (read.is === 'nothing') return undefined;
    if (read.is === 'refused') return read.answer;
    const { question } = read;
    const bytesMax = transport === 'udp' ? question.udpBytes : STREAM_BYTES_MAX;
    try {
      return answerFromZones(question, this.#view, bytesMax) ?? this.#forward(question, transport, bytesMax);
    } catch (error) {
      this.#tell(error);
      return answerWithCode(question, RCODE.failed);
    }
  }

  #forward(question: Question, transport: Transport, bytesMax: number): Reply {
    const hasAddress = question.type === TYPE.A || question.type === TYPE.AAAA;
    if (hasAddress && !question.name.includes('.') && this.#view.forwarding().keepsSingleLabels)
      return answerTo(question, [], bytesMax);
    const servers = this.#servers();
    if (servers.addresses.length === 0) return answerWithCode(question, RCODE.failed);
    if (this.#forwarded >= FORWARDED_MAX) return answerWithCode(question, RCODE.refused);
    this.#forwarded++;
    return this.#needs.upstream.ask(question, transport, servers, this.#end.signal).then((answer) => {
      this.#forwarded--;
      return answer === undefined
        ? answerWithCode(question, RCODE.failed)
        : passedOn(question, answer, bytesMax);
    });
  }

  /** From a sandbox whose networks are internal nobody is asked but by the container's own way. */
  #servers(): Servers {
    const { servers, allowed } = this.#view.forwarding();
    if (servers === undefined)
      return { addresses: allowed ? this.#needs.host.addresses : [], namespaceFd: undefined };
    // It would ask itself.
    return { addresses: servers.filter((each) => each !== NAME_SERVER), namespaceFd: this.#namespaceFd };
  }
}
