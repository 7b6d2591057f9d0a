/** pax extended headers (POSIX.1-2001): records of `length key=value\n`. Keys and values are bytes. */
import { type ByteText, TarError } from './entry.ts';

/** One record of an extended header. */
export type PaxRecord = readonly [key: ByteText, value: ByteText];

const SPACE = 0x20;
const EQUALS = 0x3d;
const NEWLINE = 0x0a;

/** Records in their order: GNU's first sparse form repeats keys. @throws TarError */
export function parsePax(body: Buffer): PaxRecord[] {
  const records: PaxRecord[] = [];
  let at = 0;
  while (at < body.length) {
    if (body[at] === 0) break; // some writers count padding in
    const space = body.indexOf(SPACE, at);
    const digits = space < 0 || space - at > 10 ? '' : body.toString('latin1', at, space);
    const end = /^\d+$/.test(digits) ? at + Number(digits) : 0;
    if (end <= space + 1 || end > body.length || body[end - 1] !== NEWLINE)
      throw new TarError('pax header with a record of wrong length');
    const equals = body.indexOf(EQUALS, space);
    if (equals <= space + 1 || equals >= end) throw new TarError('pax header with a record without a key');
    records.push([body.toString('latin1', space + 1, equals), body.toString('latin1', equals + 1, end - 1)]);
    at = end;
  }
  return records;
}

/** The body of a pax header. The length counts itself, so it is found by trying. */
export function buildPax(records: Iterable<PaxRecord>): Buffer {
  const parts: Buffer[] = [];
  for (const [key, value] of records) {
    const rest = Buffer.from(` ${key}=${value}\n`, 'latin1');
    let length = rest.length + 1;
    while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
    parts.push(Buffer.from(String(length)), rest);
  }
  return Buffer.concat(parts);
}

/** `1700000000.123456789`, negative too, as nanoseconds; more than nine digits are cut off. @throws TarError */
export function parsePaxTime(value: ByteText): bigint {
  const parts = /^(-?)(\d{1,18})(?:\.(\d*))?$/.exec(value);
  if (!parts) throw new TarError(`pax header with a malformed time: ${JSON.stringify(value.slice(0, 40))}`);
  const nanos = BigInt(parts[2]!) * 1_000_000_000n + BigInt((parts[3] ?? '').slice(0, 9).padEnd(9, '0'));
  return parts[1] === '-' ? -nanos : nanos;
}

/** The same the other way; whole seconds have no fraction. */
export function formatPaxTime(nanos: bigint): ByteText {
  const positive = nanos < 0n ? -nanos : nanos;
  const fraction = (positive % 1_000_000_000n).toString().padStart(9, '0').replace(/0+$/, '');
  return `${nanos < 0n ? '-' : ''}${positive / 1_000_000_000n}${fraction === '' ? '' : `.${fraction}`}`;
}

/** A whole number not below zero. @throws TarError */
export function parsePaxNumber(value: ByteText, what: string): number {
  const result = /^\d{1,19}$/.test(value) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(result))
    throw new TarError(`pax header with a malformed ${what}: ${JSON.stringify(value.slice(0, 40))}`);
  return result;
}
