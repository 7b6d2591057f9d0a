/** Log drivers and the names of their options, checked as dockerd checks them when a container is made. Pure. */

import { InvalidArgument } from '../base/errors.ts';
import { readBoolean } from '../base/go-boolean.ts';
import { logFailure } from './failures/log.ts';

export const LOG_DRIVERS = ['gelf', 'journald', 'json-file', 'local', 'none', 'syslog'] as const;
/** The log drivers that containers can have. */
export type LogDriver = (typeof LOG_DRIVERS)[number];

/** A log driver's options as they were given. */
export type LogOptionMap = Readonly<Record<string, string>>;

/** The driver of a daemon that was told no other: its name is what clients look for. */
export const DEFAULT_LOG_DRIVER: LogDriver = 'json-file';
/**
 * What json-file keeps when nobody says how much: as `local` has it, for a file without a limit fills the disk one day.
 * A container of which neither its maker nor the daemon's options said anything shows this as its options.
 */
export const DEFAULT_FILE_OPTIONS: LogOptionMap = { 'max-size': '20m', 'max-file': '5' };
/** The `max-size` of a file that is never rotated. */
export const UNLIMITED = '-1';

const ATTRIBUTES = ['labels', 'labels-regex', 'env', 'env-regex', 'tag'];
const FILES = ['max-file', 'max-size', 'compress'];
/** Options of every driver: how its writer is waited for, and the copy that is kept for reading. */
const BUILT_IN = ['mode', 'max-buffer-size', 'cache-disabled', ...FILES.map((name) => `cache-${name}`)];

const OPTIONS: Readonly<Record<Exclude<LogDriver, 'none'>, readonly string[]>> = {
  gelf: [
    ...ATTRIBUTES,
    'gelf-address',
    'gelf-compression-level',
    'gelf-compression-type',
    'gelf-tcp-max-reconnect',
    'gelf-tcp-reconnect-delay',
  ],
  journald: ATTRIBUTES,
  'json-file': [...FILES, ...ATTRIBUTES],
  local: FILES,
  syslog: [
    ...ATTRIBUTES,
    'syslog-address',
    'syslog-facility',
    'syslog-tls-ca-cert',
    'syslog-tls-cert',
    'syslog-tls-key',
    'syslog-tls-skip-verify',
    'syslog-format',
  ],
};

/** A word of a client's in an error: it tells which, and no more. */
export const brief = (word: string): string =>
  word.length > WORD_MAX ? `${word.slice(0, WORD_MAX)}…` : word;
const WORD_MAX = 64;

/** Whether there is such a driver. */
export const isLogDriver = (name: string): name is LogDriver => LOG_DRIVERS.some((each) => each === name);

/** @throws InvalidArgument for an unknown driver, an unknown option, or a mode that there is not */
export function checkLogOptions(driver: string, options: LogOptionMap): void {
  if (driver === 'none') return;
  const mode = options.mode ?? '';
  if (!['', 'blocking', 'non-blocking'].includes(mode))
    throw logFailure.modeUnsupported({ mode: brief(mode) });
  if (options['max-buffer-size'] !== undefined) {
    if (mode !== 'non-blocking') throw logFailure.bufferOfBlocking();
    readSize('error parsing option max-buffer-size: ', options['max-buffer-size'], 1024);
  }
  const disabled = options['cache-disabled'];
  if (disabled && readBoolean(disabled) === undefined)
    throw logFailure.cacheFlagInvalid({ value: brief(disabled) });
  if (!isLogDriver(driver) || driver === 'none') throw logFailure.pluginUnknown({ driver: brief(driver) });
  const known = [...BUILT_IN, ...OPTIONS[driver]];
  const unknown = Object.keys(options)
    .sort()
    .find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new InvalidArgument(
      driver === 'local'
        ? `unknown log opt '${brief(unknown)}' for log driver local`
        : `unknown log opt ${quoted(driver, brief(unknown))} for ${driver} log driver`,
    );
}

const quoted = (driver: LogDriver, word: string): string =>
  driver === 'gelf' ? JSON.stringify(word) : `'${word}'`;

const POWERS: Readonly<Record<string, number>> = { '': 0, k: 1, m: 2, g: 3, t: 4, p: 5 };

/**
 * Bytes of a size as `10m` or `1.5 GB`. `base` 1000: as Docker counts files; 1024: as it counts memory.
 * @throws InvalidArgument that begins with `prefix`
 */
export function readSize(prefix: string, text: string, base: 1000 | 1024): number {
  const [, number = '', unit = ''] = /^(\d{1,15}(?:\.\d{1,15})?) ?([kmgtp]?)(?:i?b)?$/i.exec(text) ?? [];
  const bytes = Math.trunc(Number(number) * base ** (POWERS[unit.toLowerCase()] ?? 0));
  if (number === '' || !Number.isSafeInteger(bytes))
    throw logFailure.sizeInvalid({ prefix, text: brief(text) });
  return bytes;
}
