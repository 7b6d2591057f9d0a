/** Who we are at a registry, in every way that clients say it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { InvalidArgument } from '../base/errors.ts';
import { readAuthBody, readAuthHeader, readConfigHeader, readCredentials } from './credentials.ts';

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const auth = (text: string) => Buffer.from(text).toString('base64');

for (const [what, given, wanted] of [
  ['nothing', {}, undefined],
  ['empty texts', { username: '', password: '', auth: '', identitytoken: '', registrytoken: '' }, undefined],
  ['null', { username: null, password: null }, undefined],
  [
    'a name and a password',
    { username: 'u', password: 'p' },
    { is: 'password', username: 'u', password: 'p' },
  ],
  ['a name alone', { username: 'u' }, { is: 'password', username: 'u', password: '' }],
  ['a password alone', { password: 'p' }, { is: 'password', username: '', password: 'p' }],
  ['other letters', { UserName: 'u', PASSWORD: 'p' }, { is: 'password', username: 'u', password: 'p' }],
  ['an old text', { auth: auth('u:p:q') }, { is: 'password', username: 'u', password: 'p:q' }],
  [
    'an old text with a filled end',
    { auth: auth('u:p\0\0') },
    { is: 'password', username: 'u', password: 'p' },
  ],
  [
    'an old text without a name beside a name',
    { auth: auth(':p\0q\0'), username: 'v' },
    { is: 'password', username: 'v', password: 'p\0q' },
  ],
  ['an old text without a name', { auth: auth(':p') }, undefined],
  ['an old text without a colon', { auth: auth('up') }, undefined],
  [
    'an old text beside a name',
    { auth: auth('u:p'), username: 'v' },
    { is: 'password', username: 'v', password: 'p' },
  ],
  [
    'an old text beside both',
    { auth: auth('u:p'), username: 'v', password: 'q' },
    { is: 'password', username: 'v', password: 'q' },
  ],
  [
    'a token of identity',
    { username: 'u', password: 'p', identitytoken: 't' },
    { is: 'identity', username: 'u', token: 't' },
  ],
  ['a token of the registry', { identitytoken: 't', registrytoken: 'r' }, { is: 'bearer', token: 'r' }],
] as const)
  test(`${what} ${wanted === undefined ? 'is nobody' : `is ${wanted.is}`}`, () => {
    assert.deepEqual(readCredentials(given), wanted);
    assert.deepEqual(readAuthHeader(encoded(given)), wanted);
    assert.deepEqual(readAuthBody(Buffer.from(JSON.stringify(given))), wanted);
    assert.deepEqual(
      readConfigHeader(encoded({ a: given })),
      new Map(wanted === undefined ? [] : [['a', wanted]]),
    );
  });

test('what could forge a header is refused, with the name of the member and not its value', () => {
  const message = 'invalid X-Registry-Auth header: password has a control character in it';
  for (const sign of ['\0', '\t', '\n', '\r', '\u001f', '\u007f'])
    assert.throws(() => readCredentials({ username: 'u', password: `a${sign}b` }), {
      name: 'InvalidArgument',
      message,
    });
  const plain = { username: 'ü', password: ' ~\u0080' };
  assert.deepEqual(readCredentials(plain), { is: 'password', ...plain });
});

test('what is no text, and texts of more than 64 KiB, are refused', () => {
  const message = 'invalid X-Registry-Auth header: username is no text';
  for (const username of [1, true, [], {}, 'x'.repeat(65_537)])
    assert.throws(() => readCredentials({ username }), { name: 'InvalidArgument', message });
  assert.equal(readCredentials({ username: 'x'.repeat(65_536) })?.is, 'password');
});

test('no header is nobody; one that cannot be read, or is too long, is refused', () => {
  assert.equal(readAuthHeader(undefined), undefined);
  assert.equal(readAuthHeader(''), undefined);
  for (const header of ['!', encoded([]), encoded('text'), encoded(null), `${encoded({})}!{`.repeat(2)])
    assert.throws(() => readAuthHeader(header), InvalidArgument, header);
  const filled = (bytes: number) => encoded({ username: 'u' }).padEnd(bytes, '=');
  assert.equal(readAuthHeader(filled(65_536))?.is, 'password');
  assert.throws(() => readAuthHeader(filled(65_537)), InvalidArgument);
});

test('any base64 will do', () => {
  const given = { username: '~~~???>>>', password: 'ÿÿÿ' };
  const text = Buffer.from(JSON.stringify(given)).toString('base64');
  assert(/[+/]/.test(text));
  assert.deepEqual(readAuthHeader(text), { is: 'password', ...given });
  assert.deepEqual(readAuthHeader(encoded(given)), { is: 'password', ...given });
});

test('a body that is no object is refused', () => {
  for (const body of ['', '[]', 'null', '"x"', '{'])
    assert.throws(() => readAuthBody(Buffer.from(body)), InvalidArgument, body);
});

test('credentials come for many registries, in today’s form and below `configs`', () => {
  const [one, two] = [{ username: 'u' }, { registrytoken: 't' }];
  const wanted = new Map<string, unknown>([
    ['a', { is: 'password', username: 'u', password: '' }],
    ['b', { is: 'bearer', token: 't' }],
  ]);
  assert.deepEqual(readConfigHeader(encoded({ a: one, b: two, c: {}, d: 'no login' })), wanted);
  assert.deepEqual(readConfigHeader(encoded({ configs: { a: one, b: two } })), wanted);
  assert.deepEqual(readConfigHeader(encoded({ configs: one })), new Map([['configs', wanted.get('a')]]));
});

test('a header for many registries that cannot be read, or is larger than a head, is none', () => {
  for (const header of [undefined, '', '!', encoded([])]) assert.equal(readConfigHeader(header).size, 0);
  const filled = (bytes: number) => encoded({ a: { username: 'u' } }).padEnd(bytes, '=');
  assert.equal(readConfigHeader(filled(1_048_576)).size, 1);
  assert.equal(readConfigHeader(filled(1_048_577)).size, 0);
});

test('whatever comes is read or refused as invalid', () => {
  const members = fc.constantFrom('username', 'PassWord', 'auth', 'identitytoken', 'registrytoken', 'other');
  fc.assert(
    fc.property(fc.dictionary(members, fc.jsonValue()), (given) => {
      try {
        readAuthHeader(encoded(given));
      } catch (error) {
        assert.ok(error instanceof InvalidArgument, String(error));
      }
    }),
  );
});
