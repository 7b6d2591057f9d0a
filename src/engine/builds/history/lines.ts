/** What a build tells, as lines of a file: one event a line, JSON. Pure. */
import { isObject } from '../../../base/schema.ts';
import type { BuildEvent } from '../../../model/build-event.ts';

const KINDS = ['vertex', 'status', 'log', 'warning'];

/** With its line end. */
export const lineOf = (event: BuildEvent): string => `${JSON.stringify(withTexts(event))}\n`;

/** Numbers that JSON has no room for, and bytes, say what they are. */
function withTexts(value: unknown): unknown {
  if (typeof value === 'bigint') return { nanos: String(value) };
  if (Buffer.isBuffer(value)) return { base64: value.toString('base64') };
  if (Array.isArray(value)) return value.map(withTexts);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withTexts(each)]));
}

/** Events of whole lines; a line that a crash has torn is left out. */
export function eventsOf(text: string): BuildEvent[] {
  return text.split('\n').flatMap((line) => {
    if (line === '') return [];
    try {
      const event: unknown = JSON.parse(line, read);
      return isObject(event) && KINDS.includes(String(event.is)) ? [event as unknown as BuildEvent] : [];
    } catch {
      return [];
    }
  });
}

function read(_name: string, value: unknown): unknown {
  if (!isObject(value)) return value;
  if (typeof value.nanos === 'string') return BigInt(value.nanos);
  if (typeof value.base64 === 'string') return Buffer.from(value.base64, 'base64');
  return value;
}

/** Finds events in pieces of a file, which end where they like. */
export class EventLines {
  #rest = '';

  /** Those of the lines that are whole now. */
  push(piece: Buffer): BuildEvent[] {
    // Byte for byte: a character may be cut in two.
    const text = this.#rest + piece.toString('latin1');
    const end = text.lastIndexOf('\n') + 1;
    this.#rest = text.slice(end);
    return end === 0 ? [] : eventsOf(Buffer.from(text.slice(0, end), 'latin1').toString());
  }
}
