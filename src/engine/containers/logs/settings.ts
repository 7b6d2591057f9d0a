/** What a container's log options mean: how much is kept, how the file looks, who else gets it. Pure. */
import { inContext } from '../../../base/errors.ts';
import { readBoolean } from '../../../base/go-boolean.ts';
import type { LogConfig } from '../../../model/container.ts';
import { containerContext } from '../../../model/failures/container.ts';
import { logFailure } from '../../../model/failures/log.ts';
import {
  brief,
  checkLogOptions,
  DEFAULT_FILE_OPTIONS,
  isLogDriver,
  type LogDriver,
  type LogOptionMap,
  readSize,
  UNLIMITED,
} from '../../../model/log-options.ts';
import { DEFAULT_LIMITS, type LogLimits } from '../../../runtime/index.ts';
import { type GelfSettings, readGelf } from './gelf.ts';
import { readSyslog, type SyslogSettings } from './syslog.ts';

/** Without a log, output only passes through to attached clients: just enough for their unevenness. */
const PASSING: LogLimits = { bytes: 16 << 20, segmentBytes: 2 << 20 };
/** Segments are as many that the oldest is a small part of the whole, and no smaller than a few writes. */
const SEGMENTS = 8;
const SEGMENT_BYTES_MIN = 16 << 10;
/** What non-blocking mode keeps for a driver that is behind: Docker's documented default. */
const BUFFER_BYTES = 1 << 20;

/** How a log file is rotated. */
export interface FileSettings {
  /** Undefined: the file is never rotated. */
  readonly maxBytes: number | undefined;
  readonly files: number;
  readonly compress: boolean;
}

/** Everything that a container's log options say. */
export interface LogSettings {
  readonly driver: LogDriver;
  readonly options: LogOptionMap;
  readonly limits: LogLimits;
  /** `logs` can be asked for. */
  readonly isReadable: boolean;
  /** Rather lose output than let the container wait. */
  readonly isNonBlocking: boolean;
  /** How far a driver may be behind in non-blocking mode before output is lost to it. */
  readonly bufferBytes: number;
  readonly file: FileSettings | undefined;
  readonly gelf: GelfSettings | undefined;
  readonly syslog: SyslogSettings | undefined;
}

/** @throws InvalidArgument in dockerd's words for options that are unknown or mean nothing */
export function readLogSettings(config: LogConfig | undefined): LogSettings {
  const driver = config?.Type || 'local';
  const options = config?.Config ?? {};
  checkLogOptions(driver, options);
  if (!isLogDriver(driver)) throw logFailure.driverUnknown({ driver: brief(driver) });
  const syslog = driver === 'syslog' ? readSyslog(options) : undefined;
  const gelf = driver === 'gelf' ? readGelf(options) : undefined;
  // dockerd finds these when it starts the container; who makes one wants to know now.
  try {
    return { ...settingsOf(driver, options), gelf, syslog };
  } catch (error) {
    throw inContext(error, containerContext.openLog());
  }
}

function settingsOf(driver: LogDriver, options: LogOptionMap): Omit<LogSettings, 'gelf' | 'syslog'> {
  const file = driver === 'json-file' ? jsonFile(options) : undefined;
  const cached = driver === 'syslog' || driver === 'journald' || driver === 'gelf';
  const isCacheOff = cached && readBoolean(options['cache-disabled'] ?? '') === true;
  const isNonBlocking = options.mode === 'non-blocking';
  const limits =
    driver === 'none' || isCacheOff
      ? PASSING
      : file
        ? limitsOf(file.maxBytes === undefined ? Number.POSITIVE_INFINITY : file.maxBytes * file.files)
        : localLimits(options, cached ? 'cache-' : '');
  return {
    driver,
    options,
    limits: isNonBlocking ? { ...limits, isLossy: true } : limits,
    isReadable: driver !== 'none' && !isCacheOff,
    isNonBlocking,
    bufferBytes:
      options['max-buffer-size'] === undefined
        ? BUFFER_BYTES
        : readSize('', options['max-buffer-size'], 1024),
    file,
  };
}

/** Limits of a log that may take that many bytes in all. */
function limitsOf(bytes: number): LogLimits {
  const segmentBytes = Math.max(
    SEGMENT_BYTES_MIN,
    Math.min(DEFAULT_LIMITS.segmentBytes, Math.floor(bytes / SEGMENTS)),
  );
  return { bytes: Math.max(bytes, 2 * segmentBytes), segmentBytes };
}

/** A file of which no size is said keeps at least as much as one of which nothing is said. */
function jsonFile(options: LogOptionMap): FileSettings {
  const { 'max-size': size, 'max-file': count } = options;
  const said = size === undefined || size === UNLIMITED ? undefined : readSize('', size, 1000);
  if (said !== undefined && said <= 0) throw logFailure.sizeNotPositive();
  const files = count === undefined ? (size === undefined ? DEFAULT_FILES : 1) : readCount(count);
  if (files < 1) throw logFailure.noFiles();
  const maxBytes =
    size === undefined ? (DEFAULT_FILE_BYTES * DEFAULT_FILES) / Math.min(files, DEFAULT_FILES) : said;
  const compress = options.compress !== undefined && readFlag(options.compress);
  if (compress && (files === 1 || said === undefined)) throw logFailure.nothingToCompress();
  return { maxBytes, files, compress };
}
const DEFAULT_FILE_BYTES = readSize('', DEFAULT_FILE_OPTIONS['max-size'] ?? '', 1000);
const DEFAULT_FILES = Number(DEFAULT_FILE_OPTIONS['max-file']);

const LOCAL_FILE_BYTES = DEFAULT_LIMITS.bytes / 5;
const LOCAL_FILES = 5;

/** The `local` driver's options, also as another driver's `cache-` options. */
function localLimits(options: LogOptionMap, prefix: '' | 'cache-'): LogLimits {
  const [size, count] = [options[`${prefix}max-size`], options[`${prefix}max-file`]];
  const fileBytes =
    size === undefined
      ? LOCAL_FILE_BYTES
      : readSize(`invalid value for max-size: ${brief(size)}: `, size, 1000);
  if (fileBytes <= 0) throw logFailure.localSizeNotPositive();
  const files =
    count === undefined ? LOCAL_FILES : readCount(count, `invalid value for max-file: ${brief(count)}: `);
  if (files < 0) throw logFailure.localFilesNegative();
  const said = options[`${prefix}compress`];
  const compress = said === undefined || readFlag(said, 'error reading compress log option: ');
  if (compress && files <= 1) throw logFailure.localNothingToCompress();
  return limitsOf(fileBytes * Math.max(1, files));
}

function readCount(text: string, prefix = ''): number {
  if (!/^[+-]?\d{1,15}$/.test(text)) throw logFailure.countInvalid({ prefix, text: brief(text) });
  return Number(text);
}

function readFlag(text: string, prefix = ''): boolean {
  const value = readBoolean(text);
  if (value === undefined) throw logFailure.flagInvalid({ prefix, text: brief(text) });
  return value;
}
