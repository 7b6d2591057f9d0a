/** HEALTHCHECK: how health is probed, or that it is not. */
import { dockerfileFailure } from '../../model/failures/dockerfile.ts';
import { textOf } from '../byte-text.ts';
import { parseGoDuration } from '../go-duration.ts';
import { splitFirst, upper } from './blanks.ts';
import { type Flags, readFlags } from './flags.ts';
import type { Probe } from './instruction.ts';
import { commandLine } from './json-words.ts';
import type { Reading } from './reading.ts';

/** The probe; undefined for `HEALTHCHECK NONE`. @throws InvalidArgument */
export function readHealthcheck({ rest, flags: given, command }: Reading): Probe | undefined {
  if (rest === '') throw dockerfileFailure.argumentMissing({ command });
  const [word, probe = ''] = splitFirst(rest);
  const type = upper(word);
  if (type === 'NONE') {
    if (probe !== '') throw dockerfileFailure.noneTakesNothing();
    return undefined;
  }
  const flags = readFlags(given, {
    interval: 'text',
    timeout: 'text',
    'start-period': 'text',
    'start-interval': 'text',
    retries: 'text',
  });
  if (type !== 'CMD') throw dockerfileFailure.healthTypeUnknown({ type: textOf(type) });
  const line = commandLine(probe);
  if (probe === '' || (line.form === 'exec' && line.words.length === 0))
    throw dockerfileFailure.healthCommandMissing();
  return {
    line,
    interval: nanosOf('interval', flags),
    timeout: nanosOf('timeout', flags),
    startPeriod: nanosOf('start-period', flags),
    startInterval: nanosOf('start-interval', flags),
    retries: retriesOf(flags),
  };
}

const MILLISECOND = 1e6;
/** Go counts nanoseconds in 63 bits. */
const NANOS_MAX = 2 ** 63 - 1024;

function nanosOf(flag: string, flags: Flags): number {
  const text = textOf(flags.text(flag) ?? '');
  const nanos = text === '' ? 0 : parseGoDuration(text);
  if (nanos === undefined || nanos > NANOS_MAX)
    throw dockerfileFailure.durationInvalid({ flag, text, why: whyInvalid(text) });
  if (nanos !== 0 && nanos < MILLISECOND) throw dockerfileFailure.durationTooShort({ flag });
  return nanos;
}

const UNITS: readonly string[] = ['ns', 'us', 'µs', 'ms', 's', 'm', 'h'];

/** In the words of Go's parser. */
function whyInvalid(text: string): string {
  const [, unit] = /^(?:\d+(?:\.\d*)?(?:ns|us|µs|ms|s|m|h))*\d+(?:\.\d*)?([^\d.]*)/.exec(text) ?? [];
  if (unit === undefined || UNITS.includes(unit)) return 'invalid';
  return unit === '' ? 'missing unit in' : `unknown unit ${JSON.stringify(unit.slice(0, 64))} in`;
}

/** 0 is the same as not to say it (dockerd 20.10 refuses it, its successors do not). */
function retriesOf(flags: Flags): number {
  const value = textOf(flags.text('retries') ?? '');
  if (!/^\+?\d{0,9}$/.test(value)) throw dockerfileFailure.retriesInvalid({ value });
  return Number(value);
}
