import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bytesOf, charsOf, textOf } from './byte-text.ts';

test('bytes of UTF-8 are the text that they say, and back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const whole = text.toWellFormed();
      assert.equal(bytesOf(whole), Buffer.from(whole).toString('latin1'));
      assert.equal(textOf(bytesOf(whole)), whole);
      assert.deepEqual(charsOf(bytesOf(whole)), Array.from(whole, bytesOf));
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

test('characters are bytes that belong together', () => {
  assert.deepEqual(charsOf('a\xc3\xa9\xa9\n'), ['a', '\xc3\xa9', '\xa9', '\n']);
  const bytes = fc.string({ unit: fc.constantFrom('a', '\xc3', '\xa9', '\xff', '\xed', '\xa0', '\x80') });
  fc.assert(fc.property(bytes, (text) => assert.equal(charsOf(text).join(''), text)));
});
