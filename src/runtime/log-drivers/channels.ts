/** Ways to log daemons: unix datagrams, UDP, and connections. */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { isIPv6, type Socket } from 'node:net';
import { DatagramSender } from '../../linux/index.ts';
import type { Channel } from './messages.ts';
import { pauseMs } from './pause.ts';

const CONNECT_TIMEOUT_MS = 10_000;
/** A full queue of datagrams is looked at again after this. */
const FULL_PAUSE_MS = 5;

/** The first that can be opened. */
export class FirstOf implements Channel {
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

/** Messages as datagrams, to whoever listens or nobody. */
export class Udp implements Channel {
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
export class Stream implements Channel {
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
