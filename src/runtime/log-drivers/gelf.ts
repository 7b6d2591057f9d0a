/** The gelf driver: Graylog's format, one JSON document a line, compressed and in chunks by UDP, ended by a zero by TCP. */
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { deflateSync, gzipSync } from 'node:zlib';
import { messageOf } from '../../base/errors.ts';
import { Stream, Udp } from './channels.ts';
import type { Channel, Wording } from './messages.ts';

/** Where a container's messages go, and what all of them say. */
export interface GelfTarget {
  readonly is: 'gelf';
  readonly address: { readonly is: 'udp' | 'tcp'; readonly host: string; readonly port: number };
  /** Of datagrams alone. */
  readonly compression: 'gzip' | 'zlib' | 'none';
  readonly level: number;
  readonly hostname: string;
  /** Fields of their own, whose names begin with an underscore. */
  readonly fields: Readonly<Record<string, string>>;
}

const LEVEL = { stdout: 6, stderr: 3 } as const;
const NANOS_PER_MILLI = 1_000_000n;
/** Fits into a packet of Ethernet, as Graylog advises for whatever leaves the host. */
const CHUNK_BYTES = 1420;
const HEAD_BYTES = 12;
const CHUNKS_MAX = 128;
const CHUNKED = Buffer.from([0x1e, 0x0f]);
const END = Buffer.from([0]);

/** Words a line as a document. Empty lines are no messages. */
export function gelfWording({ hostname, fields, address }: GelfTarget): Wording {
  return (entry, line) => {
    if (line.length === 0) return undefined;
    const document = Buffer.from(
      JSON.stringify({
        version: '1.1',
        host: hostname,
        short_message: line.toString(),
        timestamp: Number(entry.at / NANOS_PER_MILLI) / 1000,
        level: LEVEL[entry.stream],
        ...fields,
      }),
    );
    return address.is === 'tcp' ? Buffer.concat([document, END]) : document;
  };
}

/** The way to the endpoint. */
export function gelfChannel(target: GelfTarget): Channel {
  const { is, host, port } = target.address;
  const channel = is === 'tcp' ? new Stream(() => connect(port, host)) : new Packed(target);
  const open = channel.open.bind(channel);
  channel.open = () =>
    open().catch((error: unknown) => {
      throw new Error(`gelf: cannot connect to GELF endpoint: ${host}:${port} ${messageOf(error)}`, {
        cause: error,
      });
    });
  return channel;
}

/** Documents as datagrams: packed, and in several when one would be too large. */
class Packed extends Udp {
  readonly #pack: (document: Buffer) => Buffer;

  constructor({ address, compression, level }: GelfTarget) {
    super(address.host, address.port);
    this.#pack =
      compression === 'none'
        ? (document) => document
        : (document) => (compression === 'gzip' ? gzipSync : deflateSync)(document, { level });
  }

  override async send(document: Buffer): Promise<void> {
    for (const datagram of datagramsOf(this.#pack(document))) await super.send(datagram);
  }
}

/** @throws EMSGSIZE when it is more than the format can say */
export function datagramsOf(packed: Buffer): Buffer[] {
  if (packed.length <= CHUNK_BYTES) return [packed];
  const room = CHUNK_BYTES - HEAD_BYTES;
  const count = Math.ceil(packed.length / room);
  if (count > CHUNKS_MAX)
    throw Object.assign(new Error(`more than ${CHUNKS_MAX} chunks`), { code: 'EMSGSIZE' });
  const id = randomBytes(8);
  return Array.from({ length: count }, (_, number) =>
    Buffer.concat([
      CHUNKED,
      id,
      Buffer.from([number, count]),
      packed.subarray(number * room, (number + 1) * room),
    ]),
  );
}
