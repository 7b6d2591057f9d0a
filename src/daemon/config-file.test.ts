/** daemon.json: what is read, what is refused and how. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { InvalidArgument } from '../base/errors.ts';
import { merge, parseConfig, readConfig } from './config-file.ts';
import { settings } from './settings.ts';

test('every setting can stand in the file, in its form', () => {
  const samples = {
    ...{ text: 'x', boolean: true, integer: 5, list: ['a'], map: { a: 'b' } },
    records: [{ a: 'b' }],
  };
  const all = Object.fromEntries(settings.map((one) => [one.key, samples[one.kind]]));
  assert.deepEqual(Object.fromEntries(parseConfig(JSON.stringify(all), 'f')), all);
});

test('graph is read as data-root', () =>
  assert.equal(parseConfig('{"graph":"/g"}', 'f').get('data-root'), '/g'));
test('an empty file sets nothing', () => assert.equal(parseConfig(' \n', 'f').size, 0));

const wrong: readonly [string, RegExp][] = [
  ['{"a":1,"debug":true,"zz":2}', /^f: unknown keys: a, zz$/],
  ['{"colour":1}', /^f: unknown key: colour$/],
  ['{"tlsverify":"yes"}', /^f: tlsverify must be true or false/],
  ['{"debug":"yes"}', /^f: debug must be true or false$/],
  ['{"hosts":"unix:///x"}', /^f: hosts must be a list of strings$/],
  ['{"hosts":[1]}', /^f: hosts must be a list of strings$/],
  ['{"mtu":1.5}', /^f: mtu must be a whole number$/],
  ['{"default-address-pools":{"base":"x"}}', /^f: default-address-pools must be a list of objects$/],
  ['{"runtimes":[]}', /^f: runtimes must be an object$/],
  ['{"graph":"/a","data-root":"/b"}', /^f: data-root and data-root|same setting/],
  ['[]', /^f: not a JSON object$/],
  ['{', /^f: .*JSON/],
];
for (const [text, message] of wrong)
  test(`${text} is refused in one line`, () =>
    assert.throws(
      () => parseConfig(text, 'f'),
      (error: Error) =>
        error instanceof InvalidArgument && message.test(error.message) && !error.message.includes('\n'),
    ));

test('a setting given both as a flag and in the file is refused, naming both values', () => {
  const flags = new Map([['log-level', 'debug']] as const);
  const file = new Map([['log-level', 'info']] as const);
  assert.throws(() => merge(flags, file), /--log-level \(flag: debug, file: info\)/);
});
test('proxies stand in an object of their own, as in dockerd’s file; others are refused there', () => {
  const proxies = { 'http-proxy': 'http://p', 'https-proxy': 'http://q', 'no-proxy': 'x' };
  assert.deepEqual(parseConfig(JSON.stringify({ proxies }), 'f'), new Map(Object.entries(proxies)));
  assert.throws(
    () => parseConfig('{"proxies":{"ftp-proxy":"p"}}', 'f'),
    /^.*f: unknown in proxies: ftp-proxy$/,
  );
  assert.throws(() => parseConfig('{"proxies":[]}', 'f'), /f: proxies must be an object/);
});

test('a proxy given twice is refused without its password', () => {
  const given = new Map([['http-proxy', 'http://me:secret@p:1']]);
  assert.throws(
    () => merge(given, given),
    (error: Error) =>
      /--http-proxy \(flag: http:\/\/xxxxx:xxxxx@p:1,/.test(error.message) &&
      !error.message.includes('secret'),
  );
});

test('settings of both sources come together', () =>
  assert.deepEqual(
    merge(new Map([['mtu', 1]]), new Map([['debug', true]])),
    new Map<string, unknown>([
      ['debug', true],
      ['mtu', 1],
    ]),
  ));

test('the default file may be absent, a named one may not', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'gantry-config-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const file = join(dir, 'daemon.json');
  assert.throws(
    () => readConfig(file),
    (error: Error) => error.message === `${file}: ENOENT`,
  );
  writeFileSync(file, '{"mtu":1400}');
  assert.equal(readConfig(file).get('mtu'), 1400);
});
