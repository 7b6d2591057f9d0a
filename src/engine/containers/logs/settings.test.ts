import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidArgument } from '../../../base/errors.ts';
import { readLogSettings } from './settings.ts';

const settings = (Type: string, Config: Record<string, string> = {}) => readLogSettings({ Type, Config });

test('the local driver keeps 100 MiB, or as much as its files together', () => {
  assert.equal(readLogSettings(undefined).limits.bytes, 100 << 20);
  assert.equal(settings('local', { 'max-size': '10m', 'max-file': '3' }).limits.bytes, 30e6);
  assert.equal(settings('local', { 'max-size': '1.5g', 'max-file': '2' }).limits.bytes, 3e9);
  const tiny = settings('local', { 'max-size': '1k', 'max-file': '2' }).limits;
  assert.deepEqual(tiny, { bytes: 32 << 10, segmentBytes: 16 << 10 }, 'too small to work is made to work');
});

test('json-file keeps as much as it is told, or at least 100 MB; without a limit only when that is said', () => {
  const file = (options: Record<string, string> = {}) => settings('json-file', options).file;
  assert.deepEqual(file(), { maxBytes: 20e6, files: 5, compress: false });
  assert.deepEqual(file({ 'max-file': '100' }), { maxBytes: 20e6, files: 100, compress: false });
  assert.deepEqual(file({ 'max-file': '1' }), { maxBytes: 100e6, files: 1, compress: false });
  assert.deepEqual(file({ 'max-size': '1m' }), { maxBytes: 1e6, files: 1, compress: false });
  assert.deepEqual(file({ 'max-size': '-1' }), { maxBytes: undefined, files: 1, compress: false });
  assert.equal(settings('json-file').limits.bytes, 100e6);
  assert.equal(settings('json-file', { 'max-size': '-1' }).limits.bytes, Number.POSITIVE_INFINITY);
  const limited = settings('json-file', { 'max-size': '1m', 'max-file': '4', compress: 'true' });
  assert.deepEqual(limited.file, { maxBytes: 1e6, files: 4, compress: true });
  assert.equal(limited.limits.bytes, 4e6);
});

test('syslog keeps a copy for reading, unless told not to', () => {
  assert.equal(settings('syslog').isReadable, true);
  assert.equal(settings('syslog', { 'cache-max-size': '5m', 'cache-max-file': '2' }).limits.bytes, 10e6);
  assert.equal(settings('syslog', { 'cache-disabled': 'true' }).isReadable, false);
  assert.equal(settings('none').isReadable, false);
});

test('non-blocking mode keeps as much as it is told', () => {
  assert.equal(settings('json-file').isNonBlocking, false);
  const kept = settings('json-file', { mode: 'non-blocking', 'max-buffer-size': '4m' });
  assert.deepEqual([kept.isNonBlocking, kept.bufferBytes], [true, 4 << 20]);
});

for (const [address, read] of [
  ['', { is: 'local' }],
  ['unixgram:///run/log', { is: 'unixgram', path: '/run/log' }],
  ['udp://host', { is: 'udp', host: 'host', port: 514 }],
  ['tcp://10.0.0.1:6514', { is: 'tcp', host: '10.0.0.1', port: 6514 }],
  ['tcp+tls://[::1]:1', { is: 'tcp+tls', host: '::1', port: 1 }],
] as const)
  test(`syslog-address ${address || 'absent'} is read`, () =>
    assert.deepEqual(settings('syslog', { 'syslog-address': address }).syslog?.address, read));

for (const [facility, number] of [
  ['', 3],
  ['kern', 0],
  ['authpriv', 10],
  ['local0', 16],
  ['local7', 23],
  ['12', 12],
] as const)
  test(`syslog-facility ${facility || 'absent'} is ${number}`, () =>
    assert.equal(settings('syslog', { 'syslog-facility': facility }).syslog?.facility, number));

test('gelf-address and what is packed how are read', () => {
  const gelf = (options: Record<string, string>) => settings('gelf', options).gelf;
  const [host, port] = ['::1', 12_201];
  assert.deepEqual(gelf({ 'gelf-address': 'tcp://[::1]:12201', 'gelf-tcp-max-reconnect': '3' }), {
    address: { is: 'tcp', host, port },
    compression: 'gzip',
    level: 1,
  });
  const packed = { 'gelf-compression-type': 'zlib', 'gelf-compression-level': '-1' };
  assert.deepEqual(gelf({ 'gelf-address': 'udp://:12201', ...packed }), {
    address: { is: 'udp', host: 'localhost', port },
    compression: 'zlib',
    level: -1,
  });
});

const START = 'failed to initialize logging driver: ';
for (const [driver, options, words] of [
  ['json-file', { 'max-sise': '1m' }, "unknown log opt 'max-sise' for json-file log driver"],
  ['local', { tag: 'x' }, "unknown log opt 'tag' for log driver local"],
  ['syslog', { 'max-size': '1m' }, "unknown log opt 'max-size' for syslog log driver"],
  ['journald', { x: '' }, "unknown log opt 'x' for journald log driver"],
  ['fluentd', {}, 'error looking up logging plugin fluentd: plugin "fluentd" not found'],
  ['gelf', {}, 'gelf-address is a required parameter'],
  ['gelf', { 'gelf-address': 'x' }, 'gelf: endpoint needs to be TCP or UDP'],
  ['gelf', { 'gelf-address': 'http://x:1' }, 'gelf: endpoint needs to be TCP or UDP'],
  ['gelf', { 'gelf-address': 'udp://x' }, 'gelf: please provide gelf-address as proto://host:port'],
  ['gelf', { 'gelf-address': 'udp://x:1', nope: '' }, 'unknown log opt "nope" for gelf log driver'],
  [
    'gelf',
    { 'gelf-address': 'udp://x:1', 'gelf-compression-type': 'rar' },
    'unknown value "rar" for log opt "gelf-compression-type" for gelf log driver',
  ],
  [
    'gelf',
    { 'gelf-address': 'udp://x:1', 'gelf-compression-level': '10' },
    'unknown value "10" for log opt "gelf-compression-level" for gelf log driver',
  ],
  [
    'gelf',
    { 'gelf-address': 'tcp://x:1', 'gelf-compression-type': 'none' },
    'compression is only supported on UDP',
  ],
  [
    'gelf',
    { 'gelf-address': 'udp://x:1', 'gelf-tcp-max-reconnect': '1' },
    '"gelf-tcp-max-reconnect" is only valid for TCP',
  ],
  [
    'gelf',
    { 'gelf-address': 'tcp://x:1', 'gelf-tcp-reconnect-delay': '-1' },
    '"gelf-tcp-reconnect-delay" must be a positive integer',
  ],
  ['local', { mode: 'lazy' }, 'logger: logging mode not supported: lazy'],
  [
    'local',
    { 'max-buffer-size': '1m' },
    "logger: max-buffer-size option is only supported with 'mode=non-blocking'",
  ],
  [
    'local',
    { mode: 'non-blocking', 'max-buffer-size': 'x' },
    "error parsing option max-buffer-size: invalid size: 'x'",
  ],
  ['syslog', { 'cache-disabled': 'x' }, 'invalid value for option cache-disabled: x'],
  ['json-file', { 'max-size': 'big' }, `${START}invalid size: 'big'`],
  ['json-file', { 'max-size': '-2' }, `${START}invalid size: '-2'`],
  ['json-file', { 'max-size': '0' }, `${START}max-size must be a positive number`],
  ['json-file', { 'max-file': '0' }, `${START}max-file cannot be less than 1`],
  ['json-file', { 'max-file': 'x' }, `${START}strconv.Atoi: parsing "x": invalid syntax`],
  ['json-file', { compress: 'x' }, `${START}strconv.ParseBool: parsing "x": invalid syntax`],
  [
    'json-file',
    { compress: 'true', 'max-size': '1m' },
    `${START}compress cannot be true when max-file is less than 2 or max-size is not set`,
  ],
  ['local', { 'max-size': 'big' }, `${START}invalid value for max-size: big: invalid size: 'big'`],
  ['local', { 'max-file': '1' }, `${START}compression cannot be enabled when max file count is 1`],
  ['syslog', { 'syslog-facility': 'x' }, 'invalid syslog facility'],
  ['syslog', { 'syslog-format': 'x' }, 'Invalid syslog format'],
  ['syslog', { 'syslog-address': 'http://x' }, "unsupported scheme: 'http'"],
] as const)
  test(`${driver} with ${JSON.stringify(options)} is refused`, () =>
    assert.throws(() => settings(driver, options), new InvalidArgument(words)));
