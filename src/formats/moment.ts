/** Points in time as users write them in filters: a span before now, a date in several lengths, or Unix seconds. */
import { type Nanos, parseUnixSeconds } from '../base/time.ts';
import { parseGoDuration } from './go-duration.ts';

const DATE = /^(\d{4}-\d\d-\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{1,9})\d*)?)?)?)?(Z|z|[+-]\d\d:\d\d)?$/;

/** Dates without a zone are in this host's. @throws SyntaxError in the words of the first engine */
export function parseMoment(text: string, now: Nanos): Nanos {
  const [, sign, span = ''] = /^([+-]?)(.+)$/s.exec(text) ?? [];
  const ago = text === '0' ? undefined : parseGoDuration(span);
  if (ago !== undefined) return sign === '-' ? now + BigInt(ago) : now - BigInt(ago);
  const date = readDate(text);
  if (date !== undefined) return date;
  if (text.includes('-'))
    throw new SyntaxError(
      `parsing time ${JSON.stringify(text)} as "2006-01-02": cannot parse ${JSON.stringify(text)} as "2006"`,
    );
  const seconds = parseUnixSeconds(text);
  if (seconds === undefined)
    throw new SyntaxError(`failed to parse value as time or duration: ${JSON.stringify(text)}`);
  return seconds;
}

function readDate(text: string): Nanos | undefined {
  const parts = DATE.exec(text);
  if (!parts) return undefined;
  const [, date, hours = '00', minutes = '00', seconds = '00', fraction = '', zone = ''] = parts;
  const millis = Date.parse(`${date}T${hours}:${minutes}:${seconds}${zone.toUpperCase()}`);
  return Number.isNaN(millis) ? undefined : BigInt(millis) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}
