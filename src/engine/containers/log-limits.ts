/** How much of a container's output is kept: `max-size` and `max-file` of its log options. Pure. */
import { InvalidArgument } from '../../base/errors.ts';
import type { LogConfig } from '../../model/container.ts';
import type { LogLimits } from '../../runtime/index.ts';

const UNITS: Readonly<Record<string, number>> = { '': 1, b: 1, k: 1 << 10, m: 1 << 20, g: 1 << 30 };
/** A segment smaller than a pipe would rotate at every write. */
const SEGMENT_BYTES_MIN = 64 << 10;
/** Options that say how the file looks, which the log drivers here decide by themselves. */
const KNOWN = [
  'max-size',
  'max-file',
  'compress',
  'mode',
  'max-buffer-size',
  'labels',
  'labels-regex',
  'env',
  'env-regex',
  'tag',
];

/** Without a log, output only passes through to attached clients: just enough for their unevenness. */
const PASSING: LogLimits = { segmentBytes: 8 << 20, segments: 2 };

/** @throws InvalidArgument for an unknown option or a value that is no size or number */
export function logLimits(config: LogConfig | undefined, absent: LogLimits): LogLimits {
  const options = config?.Config ?? {};
  const unknown = Object.keys(options).find((name) => !KNOWN.includes(name));
  if (unknown !== undefined)
    throw new InvalidArgument(`unknown log opt '${unknown}' for ${config?.Type || 'local'} log driver`);
  if (config?.Type === 'none') return PASSING;
  const size = options['max-size'];
  const files = options['max-file'];
  return {
    segmentBytes: size === undefined ? absent.segmentBytes : Math.max(parseSize(size), SEGMENT_BYTES_MIN),
    segments: files === undefined ? absent.segments : parseCount(files),
  };
}

function parseSize(text: string): number {
  const [, number = '', unit = ''] = /^(\d{1,12}(?:\.\d{1,3})?) ?([bkmg]?)(?:i?b)?$/i.exec(text.trim()) ?? [];
  const bytes = Number(number) * (UNITS[unit.toLowerCase()] ?? 0);
  if (number === '' || bytes <= 0)
    throw new InvalidArgument(`invalid value for max-size: ${JSON.stringify(text)}`);
  return Math.floor(bytes);
}

/** With one file there is nothing older to fall back to while a new one begins: two are kept then. */
function parseCount(text: string): number {
  if (!/^\d{1,6}$/.test(text) || Number(text) < 1)
    throw new InvalidArgument(`invalid value for max-file: ${JSON.stringify(text)}`);
  return Math.max(2, Number(text));
}
