/** Failures of log drivers and their options. */
import { Failed, InvalidArgument, NotImplemented } from '../../base/errors.ts';
import { failure, failures } from '../../base/failures.ts';

/** Failures of log drivers and their options. */
export const logFailure = failures('log', {
  noJournal: failure(Failed, () => 'journald is not enabled on this host'),
  notReadable: failure(NotImplemented, () => 'configured logging driver does not support reading'),
  driverUnknown: failure(InvalidArgument, ({ driver }: { driver: string }) => `no log driver ${driver}`),
  sizeNotPositive: failure(InvalidArgument, () => 'max-size must be a positive number'),
  noFiles: failure(InvalidArgument, () => 'max-file cannot be less than 1'),
  nothingToCompress: failure(
    InvalidArgument,
    () => 'compress cannot be true when max-file is less than 2 or max-size is not set',
  ),
  localSizeNotPositive: failure(InvalidArgument, () => 'max size should be a positive number'),
  localFilesNegative: failure(InvalidArgument, () => 'max file count cannot be less than 0'),
  localNothingToCompress: failure(
    InvalidArgument,
    () => 'compression cannot be enabled when max file count is 1',
  ),
  countInvalid: failure(
    InvalidArgument,
    ({ prefix, text }: { prefix: string; text: string }) =>
      `${prefix}strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`,
  ),
  flagInvalid: failure(
    InvalidArgument,
    ({ prefix, text }: { prefix: string; text: string }) =>
      `${prefix}strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`,
  ),
  syslogFormatInvalid: failure(InvalidArgument, () => 'Invalid syslog format'),
  syslogFacilityInvalid: failure(InvalidArgument, () => 'invalid syslog facility'),
  syslogSchemeUnsupported: failure(
    InvalidArgument,
    ({ scheme }: { scheme: string }) => `unsupported scheme: '${scheme}'`,
  ),
  syslogAddressInvalid: failure(
    InvalidArgument,
    ({ address }: { address: string }) => `address ${address}: not HOST or HOST:PORT`,
  ),
  socketUnreachable: failure(
    InvalidArgument,
    ({ path, why }: { path: string; why: string }) => `stat ${path}: ${why}`,
    ({ why }) => why === 'no such file or directory',
  ),
  gelfNoAddress: failure(InvalidArgument, () => 'gelf-address is a required parameter'),
  gelfScheme: failure(InvalidArgument, () => 'gelf: endpoint needs to be TCP or UDP'),
  gelfNoPort: failure(InvalidArgument, () => 'gelf: please provide gelf-address as proto://host:port'),
  gelfCompression: failure(InvalidArgument, () => 'compression is only supported on UDP'),
  gelfTcpOnly: failure(InvalidArgument, ({ name }: { name: string }) => `"${name}" is only valid for TCP`),
  gelfNotPositive: failure(
    InvalidArgument,
    ({ name }: { name: string }) => `"${name}" must be a positive integer`,
  ),
  gelfValueUnknown: failure(
    InvalidArgument,
    ({ name, value }: { name: string; value: string }) =>
      `unknown value ${JSON.stringify(value)} for log opt "${name}" for gelf log driver`,
  ),
  tagInvalid: failure(InvalidArgument, ({ why }: { why: string }) => `template: log-tag:1: ${why}`),
  tagFieldUnknown: failure(
    InvalidArgument,
    ({ column, word, name }: { column: number; word: string; name: string }) =>
      `template: log-tag:1:${column}: executing "log-tag" at <${word}>: can't evaluate field ${name} in type *logger.Info`,
  ),
  modeUnsupported: failure(
    InvalidArgument,
    ({ mode }: { mode: string }) => `logger: logging mode not supported: ${mode}`,
  ),
  bufferOfBlocking: failure(
    InvalidArgument,
    () => "logger: max-buffer-size option is only supported with 'mode=non-blocking'",
  ),
  cacheFlagInvalid: failure(
    InvalidArgument,
    ({ value }: { value: string }) => `invalid value for option cache-disabled: ${value}`,
  ),
  pluginUnknown: failure(
    InvalidArgument,
    ({ driver }: { driver: string }) =>
      `error looking up logging plugin ${driver}: plugin "${driver}" not found`,
    true,
  ),
  sizeInvalid: failure(
    InvalidArgument,
    ({ prefix, text }: { prefix: string; text: string }) => `${prefix}invalid size: '${text}'`,
  ),
});
