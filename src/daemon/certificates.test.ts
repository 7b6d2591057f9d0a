/** Files of TLS: each mistake is one line that names the file and what is wrong with it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { InvalidArgument } from '../base/errors.ts';
import { silentLog } from '../base/log.ts';
import { readCertificates } from './certificates.ts';

const home = mkdtempSync(join(tmpdir(), 'gantry-certificates-'));
after(() => rmSync(home, { recursive: true }));
const at = (name: string): string => join(home, name);
function written(name: string, text: string): string {
  writeFileSync(at(name), text, { mode: 0o600 });
  return at(name);
}

/** One that signed itself, of `days` days. */
function made(name: string, days: number): { cert: string; key: string } {
  const [cert, key] = [at(`${name}.pem`), at(`${name}-key.pem`)];
  const request = [
    'req',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-subj',
    '/CN=x',
    '-keyout',
    key,
    '-out',
    at('csr'),
  ];
  execFileSync('openssl', request, { stdio: 'pipe' });
  const sign = ['x509', '-req', '-in', at('csr'), '-signkey', key, '-days', String(days), '-out', cert];
  execFileSync('openssl', sign, { stdio: 'pipe' });
  return { cert, key };
}

const good = { ...made('good', 2), clientAuthorities: undefined };
const other = made('other', 2);
const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
const locked = at('locked-key.pem');
execFileSync('openssl', ['rsa', '-aes128', '-passout', 'pass:x', '-in', good.key, '-out', locked], {
  stdio: 'pipe',
});

test('good files are read, with and without an authority of clients', () => {
  assert.equal(readCertificates(good, silentLog).clientAuthorities, undefined);
  const verified = readCertificates({ ...good, clientAuthorities: other.cert }, silentLog);
  assert.match(String(verified.clientAuthorities), /^-----BEGIN CERTIFICATE/);
});

const mistakes: readonly [string, object, RegExp][] = [
  ['a missing certificate', { cert: at('no') }, /^tlscert \S+\/no: cannot be read \(ENOENT\)$/],
  ['a missing key', { key: at('no') }, /^tlskey \S+\/no: cannot be read \(ENOENT\)$/],
  ['a missing authority', { clientAuthorities: at('no') }, /^tlscacert \S+\/no: cannot be read \(ENOENT\)$/],
  ['a directory', { cert: home }, /^tlscert \S+: cannot be read \(EISDIR\)$/],
  ['an empty certificate', { cert: written('empty', '') }, /^tlscert \S+\/empty: holds no certificate/],
  ['a broken certificate', { cert: written('bad', broken) }, /^tlscert \S+\/bad: holds a certificate that/],
  ['a key for a certificate', { cert: good.key }, /^tlscert \S+: holds no certificate in PEM form$/],
  ['a certificate for a key', { key: good.cert }, /^tlskey \S+: is no private key/],
  ['an encrypted key', { key: locked }, /^tlskey \S+: is no private key in PEM form, or is encrypted$/],
  [
    'the key of another',
    { key: other.key },
    /^tlskey \S+other-key.pem: is not the key of the certificate in/,
  ],
  ['an empty authority', { clientAuthorities: at('empty') }, /^tlscacert \S+\/empty: holds no certificate/],
];
for (const [what, wrong, message] of mistakes)
  test(`${what} is a mistake of one line`, () =>
    assert.throws(
      () => readCertificates({ ...good, ...wrong }, silentLog),
      (error: Error) => error instanceof InvalidArgument && message.test(error.message),
    ));

function warningsOf(options: { cert: string; key: string }): string[] {
  const warnings: string[] = [];
  readCertificates(
    { ...options, clientAuthorities: undefined },
    { ...silentLog, warn: (event) => warnings.push(event) },
  );
  return warnings;
}

test('SC-WEB-07: a key that others can read is warned of', () => {
  for (const [mode, expected] of [
    [0o600, []],
    [0o400, []],
    [0o640, ['tls.key-readable']],
    [0o644, ['tls.key-readable']],
  ] as const) {
    chmodSync(good.key, mode);
    assert.deepEqual(warningsOf(good), expected, mode.toString(8));
  }
  chmodSync(good.key, 0o600);
});

test('a certificate whose time is over is warned of', () =>
  assert.deepEqual(warningsOf(made('late', -1)), ['tls.certificate-invalid']));
