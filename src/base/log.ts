/** The daemon's own log: JSON lines on stderr, an event name and fields. The only importer of pino. */
import { pino } from 'pino';

/** How much a line matters. */
export type Level = 'debug' | 'info' | 'warn' | 'error' | 'fatal';
type Fields = Readonly<Record<string, unknown>>;

/** Takes events with fields. */
export interface Log {
  debug(event: string, fields?: Fields): void;
  info(event: string, fields?: Fields): void;
  warn(event: string, fields?: Fields): void;
  error(event: string, fields?: Fields): void;
}

/** A log that writes `level` and above to stderr, synchronously: the last line before a crash is not lost. */
export function createLog(level: Level): Log {
  const sink = pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ fd: 2, sync: true }),
  );
  return {
    debug: (event, fields) => sink.debug(fields ?? {}, event),
    info: (event, fields) => sink.info(fields ?? {}, event),
    warn: (event, fields) => sink.warn(fields ?? {}, event),
    error: (event, fields) => sink.error(fields ?? {}, event),
  };
}

/** For tests and tools that want no output. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
