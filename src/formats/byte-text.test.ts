import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bytesOf, charactersOf, textOf } from './byte-text.ts';

test('bytes of UTF-8 are the text that they say, and back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const whole = text.toWellFormed();
      assert.equal(bytesOf(whole), Buffer.from(whole).toString('latin1'));
      assert.equal(textOf(bytesOf(whole)), whole);
      assert.equal(charactersOf(bytesOf(whole)), whole);
    }),
  );
});

test('each byte that says nothing is one replacement character, as in Go', () => {
  for (const [bytes, text] of [
    ['a\xff', 'a\ufffd'],
    ['\xe2\x82', '\ufffd\ufffd'],
    ['\xc0\xaf', '\ufffd\ufffd'],
    ['\xed\xa0\x80', '\ufffd\ufffd\ufffd'],
    ['\xf4\x90\x80\x80', '\ufffd\ufffd\ufffd\ufffd'],
    ['\x80\xc3\xa9', '\ufffd\u00e9'],
  ] as const)
    assert.equal(textOf(bytes), text);
});

test('names that differ have different characters', () => {
  const bytes = fc.string({ unit: fc.constantFrom('a', '\xc3', '\xa9', '\xff', '\xed', '\xa0', '\x80') });
  fc.assert(
    fc.property(bytes, bytes, (a, b) => assert.equal(charactersOf(a) === charactersOf(b), a === b)),
    { numRuns: 2000 },
  );
});
