/** What settings and environment say about TLS. */
import assert from 'node:assert/strict';
import { homedir } from 'node:os';
import { test } from 'node:test';
import type { SettingValue } from './settings.ts';
import { readTls } from './tls-options.ts';

const read = (values: Record<string, SettingValue>, environment: Record<string, string> = {}) =>
  readTls(new Map(Object.entries(values)), environment);
const home = `${homedir()}/.docker`;
const own = { cert: `${home}/cert.pem`, key: `${home}/key.pem` };

test('without a word there is no TLS, whatever files are named', () => {
  assert.equal(read({}), undefined);
  assert.equal(read({ tls: false, tlscert: '/c', tlskey: '/k', tlscacert: '/a' }), undefined);
});

test('tls lets everybody in, tlsverify those of the authority; files lie where dockerd has them', () => {
  assert.deepEqual(read({ tls: true }), { ...own, clientAuthorities: undefined });
  assert.deepEqual(read({ tlsverify: true }), { ...own, clientAuthorities: `${home}/ca.pem` });
  assert.deepEqual(read({ tls: true, tlsverify: true }), { ...own, clientAuthorities: `${home}/ca.pem` });
});

test('tlsverify=false is TLS for everybody, as dockerd reads it', () =>
  assert.deepEqual(read({ tlsverify: false }), { ...own, clientAuthorities: undefined }));

test('files that were named, and the directory of the environment', () => {
  const named = { tlsverify: true, tlscert: '/c', tlskey: '/k', tlscacert: '/a' };
  assert.deepEqual(read(named), { cert: '/c', key: '/k', clientAuthorities: '/a' });
  assert.deepEqual(read({ tlsverify: true, tlscert: '/c' }, { DOCKER_CERT_PATH: '/certs' }), {
    cert: '/c',
    key: '/certs/key.pem',
    clientAuthorities: '/certs/ca.pem',
  });
});

test('DOCKER_TLS_VERIFY means --tlsverify, unless a setting says otherwise', () => {
  assert.equal(read({}, { DOCKER_TLS_VERIFY: '1' })?.clientAuthorities, `${home}/ca.pem`);
  assert.equal(read({}, { DOCKER_TLS_VERIFY: '' }), undefined);
  assert.equal(read({ tlsverify: false }, { DOCKER_TLS_VERIFY: '1' })?.clientAuthorities, undefined);
  assert.equal(read({ tls: false }, { DOCKER_TLS_VERIFY: '1' }), undefined);
});

test('mistakes are one line', () => {
  assert.throws(() => read({ tls: false, tlsverify: true }), { message: /^tls and tlsverify contradict/ });
  assert.throws(() => read({ tls: true, tlskey: '' }), { message: 'tlskey: is empty' });
});
