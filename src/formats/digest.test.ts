/** Content digests. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDigest, parseDigest, shortId } from './digest.ts';
import { digestOf } from './digest-of.ts';

const EMPTY = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

test('a digest of bytes is one', () => {
  assert.equal(digestOf(''), EMPTY);
  assert.equal(digestOf(Buffer.alloc(0)), EMPTY);
  assert.equal(parseDigest(EMPTY), EMPTY);
  assert(isDigest(EMPTY));
});

test('what is longer, shorter, of other letters or of another algorithm is none', () => {
  for (const text of [
    '',
    EMPTY.slice(0, -1),
    `${EMPTY}0`,
    `${EMPTY}\n`,
    ` ${EMPTY}`,
    EMPTY.replace('e3', 'E3'),
    EMPTY.replace('e3', 'g3'),
    EMPTY.replace('sha256', 'sha512'),
    EMPTY.slice('sha256:'.length),
  ]) {
    assert(!isDigest(text), text);
    assert.throws(() => parseDigest(text), {
      name: 'InvalidArgument',
      message: `invalid digest: ${JSON.stringify(text)}`,
    });
  }
});

test('no more than 200 characters of what is no digest are told', () => {
  assert.throws(() => parseDigest('x'.repeat(1000)), { message: `invalid digest: "${'x'.repeat(200)}"` });
});

test('people see the first twelve digits, with and without the algorithm', () => {
  assert.equal(shortId(EMPTY), 'e3b0c44298fc');
  assert.equal(shortId(EMPTY.slice('sha256:'.length)), 'e3b0c44298fc');
  assert.equal(shortId('abcsha256:def'), 'abcsha256:de');
});
