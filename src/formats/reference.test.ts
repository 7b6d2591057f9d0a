import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  familiarString,
  parseAnyReference,
  parseNameToPull,
  parseReference,
  parseRepoAndTag,
  storedForm,
  withDefaultTag,
} from './reference.ts';

const sha = `sha256:${'a1'.repeat(32)}`;

for (const [text, full, familiar] of [
  ['busybox', 'docker.io/library/busybox', 'busybox'],
  ['busybox:1.36', 'docker.io/library/busybox:1.36', 'busybox:1.36'],
  ['docker.io/busybox', 'docker.io/library/busybox', 'busybox'],
  ['index.docker.io/library/busybox', 'docker.io/library/busybox', 'busybox'],
  ['user/app', 'docker.io/user/app', 'user/app'],
  ['library/a/b', 'docker.io/library/a/b', 'library/a/b'],
  ['localhost/app', 'localhost/app', 'localhost/app'],
  ['localhost:5000/app:v1', 'localhost:5000/app:v1', 'localhost:5000/app:v1'],
  ['quay.io/a/b__c/d--e', 'quay.io/a/b__c/d--e', 'quay.io/a/b__c/d--e'],
  ['Host/app', 'Host/app', 'Host/app'],
  ['[::1]:5000/app', '[::1]:5000/app', '[::1]:5000/app'],
  [`app@${sha}`, `docker.io/library/app@${sha}`, `app@${sha}`],
  [`app:tag@${sha}`, `docker.io/library/app:tag@${sha}`, `app:tag@${sha}`],
] as const)
  test(`${text} means ${full}`, () => {
    const { domain, path, tag, digest } = parseReference(text);
    assert.equal(`${domain}/${path}${tag ? `:${tag}` : ''}${digest ? `@${digest}` : ''}`, full);
    assert.equal(familiarString(parseReference(text)), familiar);
    assert.deepEqual(parseReference(familiar), parseReference(text));
  });

for (const text of [
  '',
  ':t',
  '@',
  'a/',
  '/a',
  'a//b',
  'a..b',
  'a___b',
  '-a',
  'a:',
  'a:-t',
  'a b',
  'a\n',
  'a@sha256:12',
  'a@md5:x',
  '<none>:<none>',
  'http://a/b',
  '../a',
  `a:${'t'.repeat(129)}`,
  'a'.repeat(300),
  'x/A',
  'é',
])
  test(`${JSON.stringify(text.slice(0, 40))} is no reference`, () => {
    assert.throws(() => parseReference(text), { name: 'InvalidArgument' });
  });

const [sha384, sha512] = [`sha384:${'b2'.repeat(48)}`, `sha512:${'c3'.repeat(64)}`];

test('a name of 255 characters, a tag of 128 and the longest digest are taken, none of them longer', () => {
  const name = (length: number) => `reg.io/${'a'.repeat(length - 'reg.io/'.length)}`;
  const longest = `${name(255)}:${'t'.repeat(128)}@${sha512}`;
  assert.equal(longest.length, 255 + 1 + 128 + 1 + 7 + 128);
  assert.equal(familiarString(parseReference(longest)), longest);
  const tooLong = {
    name: 'InvalidArgument',
    message: 'repository name must not be more than 255 characters',
  };
  assert.throws(() => parseReference(name(256)), tooLong);
  assert.throws(() => parseReference('a'.repeat(239)), tooLong);
  assert.equal(parseReference('a'.repeat(237)).path.length, 'library/'.length + 237);
  assert.throws(() => parseReference(`${name(255)}:${'t'.repeat(129)}`), /invalid reference format/);
  assert.throws(() => parseReference('A'.repeat(521)), { message: 'invalid reference format' });
  assert.throws(() => parseReference(`b/${'A'.repeat(518)}`), /must be lowercase/);
});

for (const digest of [sha, sha384, sha512])
  test(`${digest.slice(0, 6)} is a digest of its very length`, () => {
    assert.equal(parseReference(`a@${digest}`).digest, digest);
    assert.deepEqual(parseAnyReference(digest), { is: 'id', id: digest });
    for (const other of [
      `${digest}0`,
      digest.slice(0, -1),
      digest.toUpperCase(),
      `x${digest}`,
      `${digest}\n`,
    ]) {
      assert.throws(() => parseReference(`a@${other}`), { name: 'InvalidArgument' }, other);
      assert.notEqual(
        safely(() => parseAnyReference(other).is),
        'id',
      );
    }
  });

const safely = <T>(work: () => T): T | undefined => {
  try {
    return work();
  } catch {
    return undefined;
  }
};

test('64 digits are an id only if there are no more of them', () => {
  assert.equal(parseAnyReference(`${'a1'.repeat(32)}a`).is, 'name');
  assert.equal(parseAnyReference(`g${'a1'.repeat(32)}`).is, 'name');
});

test('a name must be lowercase, which is said of the name alone', () => {
  assert.throws(() => parseReference('a/B:Tag'), {
    message: 'invalid reference format: repository name (a/B) must be lowercase',
  });
  assert.equal(parseReference('a/b:Tag').tag, 'Tag');
});

test('an id is told from a name', () => {
  assert.deepEqual(parseAnyReference('a1'.repeat(32)), { is: 'id', id: sha });
  assert.deepEqual(parseAnyReference(sha), { is: 'id', id: sha });
  assert.equal(parseAnyReference('a1'.repeat(31)).is, 'name');
  assert.throws(() => parseReference('a1'.repeat(32)), /cannot specify 64-byte hexadecimal strings/);
});

test('a digest beside a tag decides alone where an image is stored', () => {
  assert.equal(familiarString(storedForm(parseReference(`app:t@${sha}`))), `app@${sha}`);
  assert.equal(familiarString(storedForm(parseReference('app'))), 'app:latest');
  assert.equal(familiarString(withDefaultTag(parseReference(`app@${sha}`))), `app@${sha}`);
});

test('a repository and a tag as two parameters', () => {
  assert.equal(familiarString(parseRepoAndTag('a/b:x', undefined)), 'a/b:x');
  assert.equal(familiarString(parseRepoAndTag('a/b:x', 'y')), 'a/b:y');
  assert.equal(familiarString(parseRepoAndTag('a/b', '')), 'a/b:latest');
  assert.throws(() => parseRepoAndTag(`a@${sha}`, 'x'), /cannot import digest reference/);
  assert.throws(() => parseRepoAndTag('a', 'x y'), /invalid tag format/);
});

test('of a name to pull and a tag or digest beside it, the one beside is taken', () => {
  const pulled = (name: string, beside?: string): string => familiarString(parseNameToPull(name, beside));
  assert.equal(pulled('a/b:x'), 'a/b:x');
  assert.equal(pulled('a/b:x', ''), 'a/b:x');
  assert.equal(pulled('a/b', 'y'), 'a/b:y');
  assert.equal(pulled('a/b:x', 'x'), 'a/b:x');
  assert.equal(pulled('a/b:x', 'y'), 'a/b:y');
  assert.equal(pulled('localhost:5000/b:x', 'y'), 'localhost:5000/b:y');
  assert.equal(pulled('a/b:x', sha), `a/b@${sha}`);
  assert.equal(pulled(`a/b@${sha}`, 'y'), `a/b:y@${sha}`);
  assert.throws(() => parseNameToPull('a', 'x y'), /invalid reference format/);
  assert.throws(() => parseNameToPull('A:x', 'y'), /must be lowercase/);
});

test('a path on the default registry that looks like another registry keeps its domain', () => {
  for (const name of ['docker.io/docker.io/a', 'docker.io/example.org/a/b', 'docker.io/localhost/a'])
    assert.equal(familiarString(parseReference(name)), name);
  assert.equal(familiarString(parseReference('docker.io/library/docker.io')), 'docker.io');
});

test('any text is parsed or refused, and the familiar form parses to the same', () => {
  const piece = fc.constantFrom(
    'a',
    'b1',
    '.',
    '_',
    '__',
    '-',
    '/',
    ':',
    '@',
    '[',
    ']',
    'A',
    ' ',
    sha,
    'docker.io',
    'library',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      let reference: ReturnType<typeof parseReference>;
      try {
        reference = parseReference(pieces.join(''));
      } catch (error) {
        assert.equal((error as Error).name, 'InvalidArgument');
        return;
      }
      assert.deepEqual(parseReference(familiarString(reference)), reference);
    }),
    { numRuns: 3000 },
  );
});
