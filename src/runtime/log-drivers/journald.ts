/** The journald driver: systemd's native protocol, one datagram an entry (systemd.io/JOURNAL_NATIVE_PROTOCOL). */
import { formatNanos } from '../../base/time.ts';
import { Datagrams } from './channels.ts';
import type { Entry } from './entries.ts';
import type { Channel, Wording } from './messages.ts';

/** Where a container's entries go, and the fields that all of them carry. */
export interface JournaldTarget {
  readonly is: 'journald';
  readonly socket: string;
  /** The same for all entries of a container. */
  readonly fields: readonly (readonly [name: string, value: string])[];
}

const PRIORITY = { stdout: '6', stderr: '3' } as const;

/** Text with a newline goes by its length (64 bits, little endian). */
function encodeField(name: string, value: Buffer | string): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  if (!bytes.includes(10)) return Buffer.concat([Buffer.from(`${name}=`), bytes, Buffer.from('\n')]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(bytes.length));
  return Buffer.concat([Buffer.from(`${name}\n`), length, bytes, Buffer.from('\n')]);
}

/** Words an entry as a datagram of fields, with its line as `MESSAGE`. */
export function journaldWording({ fields }: JournaldTarget): Wording {
  const common = Buffer.concat(fields.map(([name, value]) => encodeField(name, value)));
  return (entry, line, count) =>
    Buffer.concat([
      common,
      ...fieldsOf(entry, count).map(([name, value]) => encodeField(name, value)),
      encodeField('MESSAGE', line),
    ]);
}

function fieldsOf(entry: Entry, count: number): [string, string][] {
  const fields: [string, string][] = [
    ['PRIORITY', PRIORITY[entry.stream]],
    ['SYSLOG_TIMESTAMP', formatNanos(entry.at)],
    ['CONTAINER_LOG_ORDINAL', String(count)],
  ];
  if (entry.is === 'lines') return fields;
  const { id, ordinal, isLast } = entry.part;
  fields.push(
    ['CONTAINER_PARTIAL_ID', id],
    ['CONTAINER_PARTIAL_ORDINAL', String(ordinal)],
    ['CONTAINER_PARTIAL_LAST', String(isLast)],
  );
  if (!isLast) fields.push(['CONTAINER_PARTIAL_MESSAGE', 'true']);
  return fields;
}

/** The way to journald's socket. */
export const journaldChannel = ({ socket }: JournaldTarget): Channel => new Datagrams(socket);
