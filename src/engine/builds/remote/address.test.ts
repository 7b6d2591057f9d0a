import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readAddress } from './address.ts';

const repository = (text: string) => {
  const address = readAddress(text);
  assert.equal(address.is, 'repository', text);
  return address;
};

for (const [text, where, ref, directory] of [
  ['https://h/a.git', 'https://h/a.git', undefined, ''],
  ['http://h:8080/a/b.git#main', 'http://h:8080/a/b.git', 'main', ''],
  ['https://h/a.git#v1:sub/dir', 'https://h/a.git', 'v1', 'sub/dir'],
  ['https://h/a.git#:sub', 'https://h/a.git', undefined, 'sub'],
  ['https://h/a.git#', 'https://h/a.git', undefined, ''],
  ['https://h/a.git#pull/42/head', 'https://h/a.git', 'pull/42/head', ''],
  ['https://h/a.git#a%2Bb:c%20d', 'https://h/a.git', 'a+b', 'c d'],
  ['git://h/a', 'git://h/a', undefined, ''],
  ['ssh://git@h:2222/a', 'ssh://git@h:2222/a', undefined, ''],
  ['git@h:a/b.git#x:y', 'git@h:a/b.git', 'x', 'y'],
  ['git@[::1]:a', 'git@[::1]:a', undefined, ''],
  ['github.com/a/b', 'https://github.com/a/b', undefined, ''],
  ['github.com/a/b#x', 'https://github.com/a/b', 'x', ''],
] as const)
  test(`${text} is a repository`, () => {
    const found = repository(text);
    assert.deepEqual(
      { ...found },
      { is: 'repository', repository: where, login: undefined, ref, directory, shown: text },
    );
  });

for (const text of [
  'https://h/a.tar.gz',
  'http://h/',
  'https://h/a.git?x',
  'https://h/a.git/b',
  'HTTP://h/x',
])
  test(`${text} is a file`, () => {
    const found = readAddress(text);
    assert.deepEqual(found.is === 'file' && found.url.href, new URL(text).href);
  });

test('SC-BLD-09: credentials are taken off, and never told', () => {
  const found = repository('https://me:s%40cret@h/a.git#x');
  assert.deepEqual(found, {
    is: 'repository',
    repository: 'https://h/a.git',
    login: { username: 'me', password: 's@cret' },
    ref: 'x',
    directory: '',
    shown: 'https://h/a.git#x',
  });
  assert.equal(repository('https://token@h/a.git').shown, 'https://h/a.git');
  assert.equal(readAddress('http://u:secret@h/f').shown, 'http://h/f');
  assert.equal(repository('git://u:secret@h/f').shown, 'git://h/f');
  for (const wrong of ['https://u:secret@h/a.git#-x', 'foo://u:secret@h/x', 'https://u:secret@h:99999/a.git'])
    assert.throws(
      () => readAddress(wrong),
      (error: Error) => !error.message.includes('secret'),
    );
});

for (const text of [
  '',
  '-',
  '--upload-pack=touch /canary',
  '-u/canary#x',
  'file:///etc/passwd',
  'file:///srv/repo.git',
  '/srv/repo.git',
  '../repo.git',
  'ext::sh -c touch% /canary',
  'ext::touch /canary.git',
  'git@-oProxyCommand=x:a.git',
  'git@h:-x',
  'git@h',
  'git@h:a b',
  'git://-oProxyCommand=x/a',
  'ssh://-oProxyCommand=x/a.git',
  'ssh://-x@h/a.git',
  'https://h/-a.git',
  'https://h/a.git#--upload-pack=x',
  'https://h/a.git#-x:y',
  'https://h/a.git#+x',
  'https://h/a.git#^x',
  'https://h/a.git#a..b',
  'https://h/a.git#a b',
  'https://h/a.git#a%00b',
  'https://h/a.git#%2D%2Dupload-pack=x',
  'https://h/a.git#a@{1}',
  'https://h/a.git#:../x',
  'https://h/a.git#:a/../../x',
  'https://h/a.git#:%2e%2e/x',
  'https://h/a.git#:-x',
  'https://h/a.git#:a\nb',
  'https://h/a\n.git',
  'https://h/a.git#%',
  'ftp://h/a.git',
  'ftp://h/a.tar',
  'http:///',
  'unix:///run/docker.sock',
  `https://h/${'a'.repeat(5000)}`,
])
  test(`SC-BLD-09: ${JSON.stringify(text.slice(0, 60))} is refused`, () => {
    assert.throws(() => readAddress(text), { code: /^build\.address(?:Invalid|Unknown)$/, kind: 'invalid' });
  });

test('SC-BLD-09: no address gives git a word that it could take for an option, or a scheme of its own', () => {
  const start = fc.constantFrom(
    'https://h/',
    'git://',
    'git@',
    'ssh://',
    'github.com/',
    'ext::',
    'file://',
    '-',
    '',
  );
  const middle = fc.string({
    unit: fc.constantFrom('-', '.', '/', ':', '@', '%2d', '#', 'a', '\n', ' ', '..', '+'),
  });
  fc.assert(
    fc.property(start, middle, fc.constantFrom('.git', ''), middle, (first, second, third, fourth) => {
      let found: ReturnType<typeof readAddress>;
      try {
        found = readAddress(first + second + third + fourth);
      } catch (error) {
        return /^build\.address/.test((error as { code?: string }).code ?? '');
      }
      if (found.is === 'file') return /^https?:$/.test(found.url.protocol);
      const { repository, ref = 'x', directory } = found;
      return (
        /^(?:https?:\/\/|git:\/\/|ssh:\/\/|git@[a-z[])/i.test(repository) &&
        !/^[-+^]/.test(ref) &&
        !/^-/.test(directory) &&
        !directory.split('/').includes('..') &&
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not get through
        !/[\u0000-\u001f]/.test(repository + ref + directory)
      );
    }),
    { numRuns: 2000 },
  );
});
