/** The syslog driver: to the local daemon, or by unix sockets, UDP, TCP and TLS to another. */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { connect as connectPlain, isIPv6, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { DatagramSender } from '../../linux/index.ts';
import type { Channel, Wording } from './messages.ts';
import { pauseMs } from './pause.ts';
import { type Frame, headOf, messageOf, type SyslogFormat } from './syslog-format.ts';

/** Where the syslog daemon listens. */
export type SyslogAddress =
  /** The first of the usual sockets that somebody listens on. */
  | { readonly is: 'local' }
  | { readonly is: 'unix' | 'unixgram'; readonly path: string }
  | { readonly is: 'udp' | 'tcp' | 'tcp+tls'; readonly host: string; readonly port: number };

/** Where messages go, and what stands at the head of each. */
export interface SyslogTarget {
  readonly is: 'syslog';
  readonly address: SyslogAddress;
  readonly facility: number;
  readonly format: SyslogFormat;
  readonly tag: string;
  readonly hostname: string;
  readonly tls: {
    readonly caFile: string | undefined;
    readonly certFile: string | undefined;
    readonly keyFile: string | undefined;
    readonly skipVerify: boolean;
  };
}

const LOCAL_PATHS = ['/dev/log', '/var/run/syslog', '/var/run/log'];
const CONNECT_TIMEOUT_MS = 10_000;
/** A full queue of datagrams is looked at again after this. */
const FULL_PAUSE_MS = 5;

/** Empty lines are no messages. */
export function syslogWording({ format, facility, tag, hostname, address }: SyslogTarget): Wording {
  const frame: Frame = {
    format,
    facility,
    tag,
    hostname,
    pid: process.pid,
    isCounted: address.is === 'tcp+tls',
  };
  return (entry, line) =>
    line.length === 0 ? undefined : messageOf(frame, headOf(frame, entry.stream, entry.at), line);
}

/** The way to the daemon, connected when the first message goes. */
export function syslogChannel({ address, tls }: SyslogTarget): Channel {
  switch (address.is) {
    case 'local':
      return new FirstOf([
        ...LOCAL_PATHS.map((path) => new Datagrams(path)),
        ...LOCAL_PATHS.map((path) => new Stream(() => connectPlain(path))),
      ]);
    case 'unix':
      return new Stream(() => connectPlain(address.path));
    case 'unixgram':
      return new Datagrams(address.path);
    case 'udp':
      return new Udp(address.host, address.port);
    case 'tcp':
      return new Stream(() => connectPlain(address.port, address.host));
    case 'tcp+tls':
      return new Stream(
        () =>
          connectTls({
            host: address.host,
            port: address.port,
            servername: address.host,
            rejectUnauthorized: !tls.skipVerify,
            ca: fileOf(tls.caFile),
            cert: fileOf(tls.certFile),
            key: fileOf(tls.keyFile),
          }),
        'secureConnect',
      );
    default:
      return address satisfies never;
  }
}

const fileOf = (path: string | undefined): Buffer | undefined => (path ? readFileSync(path) : undefined);

/** The first that can be opened. */
class FirstOf implements Channel {
  readonly #all: readonly Channel[];
  #chosen: Channel | undefined;

  constructor(all: readonly Channel[]) {
    this.#all = all;
  }
  async open(): Promise<void> {
    await this.#chosen?.close();
    for (const channel of this.#all) {
      try {
        await channel.open();
        this.#chosen = channel;
        return;
      } catch {
        // the next one
      }
    }
    throw new Error('Unix syslog delivery error');
  }
  send(message: Buffer): Promise<void> | void {
    return this.#chosen?.send(message);
  }
  async flush(): Promise<void> {
    await this.#chosen?.flush();
  }
  async close(): Promise<void> {
    await this.#chosen?.close();
  }
}

/** Messages to a unix datagram socket; a full queue is waited for. */
export class Datagrams implements Channel {
  readonly #path: string;
  #sender: DatagramSender | undefined;
  readonly #ending = new AbortController();

  constructor(path: string) {
    this.#path = path;
  }
  async open(): Promise<void> {
    this.#sender?.close();
    this.#sender = undefined;
    this.#sender = new DatagramSender(this.#path);
  }
  send(message: Buffer): Promise<void> | void {
    if (this.#sender === undefined) throw new Error(`${this.#path}: not connected`);
    return this.#sender.send(message) ? undefined : this.#sendLater(message);
  }
  async #sendLater(message: Buffer): Promise<void> {
    while (this.#sender?.send(message) === false) await pauseMs(FULL_PAUSE_MS, this.#ending.signal);
  }
  async flush(): Promise<void> {}
  async close(): Promise<void> {
    this.#ending.abort(new Error('closed'));
    this.#sender?.close();
    this.#sender = undefined;
  }
}

class Udp implements Channel {
  readonly #host: string;
  readonly #port: number;
  #socket: UdpSocket | undefined;

  constructor(host: string, port: number) {
    this.#host = host;
    this.#port = port;
  }
  async open(): Promise<void> {
    await this.close();
    const socket = createSocket(isIPv6(this.#host) ? 'udp6' : 'udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.connect(this.#port, this.#host, () => resolve());
    }).catch((error: unknown) => {
      socket.close();
      throw error;
    });
    socket.on('error', () => undefined); // nobody listens there now: datagrams are lost, as the protocol has it
    this.#socket = socket;
  }
  send(message: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#socket === undefined) reject(new Error(`${this.#host}:${this.#port}: not connected`));
      else
        this.#socket.send(message, (error) =>
          error && (error as NodeJS.ErrnoException).code !== 'ECONNREFUSED' ? reject(error) : resolve(),
        );
    });
  }
  async flush(): Promise<void> {}
  async close(): Promise<void> {
    this.#socket?.close();
    this.#socket = undefined;
  }
}

/** Messages on a connection, no faster than the other side reads them. */
class Stream implements Channel {
  readonly #connect: () => Socket;
  readonly #connected: string;
  #socket: Socket | undefined;
  #error: Error | undefined;

  constructor(connect: () => Socket, connected = 'connect') {
    this.#connect = connect;
    this.#connected = connected;
  }
  async open(): Promise<void> {
    this.#socket?.destroy();
    this.#error = undefined;
    const socket = this.#connect();
    this.#socket = socket;
    socket.on('error', (error) => {
      this.#error ??= error;
    });
    socket.on('close', () => {
      this.#error ??= new Error('the connection was closed');
      socket.emit('drain'); // who waits looks again
    });
    socket.resume(); // what a log server says is not for us; its end is
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => socket.destroy(new Error('i/o timeout')), CONNECT_TIMEOUT_MS);
      socket.once(this.#connected, resolve);
      socket.once('close', () => reject(this.#error));
      socket.once(this.#connected, () => clearTimeout(late));
      socket.once('close', () => clearTimeout(late));
    });
  }
  send(message: Buffer): Promise<void> | void {
    if (this.#error) throw this.#error;
    if (!this.#socket?.write(message)) return this.#drained();
  }
  async #drained(): Promise<void> {
    await new Promise<void>((resolve) => this.#socket?.once('drain', () => resolve()));
    if (this.#error) throw this.#error;
  }
  async flush(): Promise<void> {
    const socket = this.#socket;
    if (socket === undefined || this.#error || socket.writableLength === 0) return;
    await new Promise<void>((resolve) => {
      socket.write('', () => resolve());
      socket.once('close', () => resolve());
    });
  }
  async close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket === undefined || socket.destroyed) return;
    await new Promise<void>((resolve) => {
      socket.once('close', () => resolve());
      socket.end();
      setTimeout(() => socket.destroy(), FULL_PAUSE_MS).unref();
    });
  }
}
