/** Blanks as Go knows them, in bytes of UTF-8. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesOf } from '../byte-text.ts';
import { blankAt, lower, skipBlanks, splitBlanks, splitFirst, trimmed, upper } from './blanks.ts';

/** What Go's unicode.IsSpace says of characters below U+10000. */
const BLANKS = [
  ...[
    '\t',
    '\n',
    '\v',
    '\f',
    '\r',
    ' ',
    '\x85',
    '\xa0',
    '\u1680',
    '\u2028',
    '\u2029',
    '\u202f',
    '\u205f',
    '\u3000',
  ],
  ...Array.from({ length: 11 }, (_, i) => String.fromCharCode(0x2000 + i)),
];

test('the blanks of Go are blanks, each with all of its bytes, and nothing else is one', () => {
  for (let code = 1; code < 0x10000; code++) {
    if (code >= 0xd800 && code < 0xe000) continue;
    const char = String.fromCharCode(code);
    const bytes = bytesOf(char);
    const width = BLANKS.includes(char) ? bytes.length : 0;
    if (blankAt(`x${bytes}x`, 1) !== width) assert.fail(`U+${code.toString(16)}`);
  }
});

test('a part of a blank, and a byte that says nothing, is none', () => {
  for (const bytes of ['', '\x85', '\xa0', '\xc2', '\xe2\x80', '\xe3\x80', '\xe1\x9a', '\xff'])
    assert.equal(blankAt(bytes, 0), 0);
});

const wide = bytesOf('\u3000');
const narrow = bytesOf('\u00a0');

test('blanks are skipped to the next word, or to the end', () => {
  assert.equal(skipBlanks(` \t${wide}${narrow}a `, 0), 7);
  assert.equal(skipBlanks('ab', 1), 1);
  assert.equal(skipBlanks('a ', 1), 2);
});

test('blanks of any width go from both sides, and only from there', () => {
  for (const [text, left] of [
    ['', ''],
    [' ', ''],
    [wide, ''],
    [`${narrow}${wide} `, ''],
    [`${wide}a${narrow}b${wide}`, `a${narrow}b`],
    [`a${narrow}`, 'a'],
    ['a\xa0', 'a\xa0'],
    ['\x80\x80', '\x80\x80'],
    [` \xe3${narrow}`, '\xe3'],
  ] as const)
    assert.equal(trimmed(text), left);
});

test('words are between blanks of a line; wide ones are part of them', () => {
  assert.deepEqual(splitBlanks(`a \t\v\f\rb${narrow}c`), ['a', `b${narrow}c`]);
  assert.deepEqual(splitFirst('a  b  c'), ['a', 'b  c']);
  assert.deepEqual(splitFirst('a'), ['a', undefined]);
  assert.deepEqual(splitFirst('a '), ['a', '']);
});

test('letters of ASCII change their case, others are bytes', () => {
  assert.equal(lower('AZaz@[\xc3\x84'), 'azaz@[\xc3\x84');
  assert.equal(upper('AZaz`{\xc3\xa4'), 'AZAZ`{\xc3\xa4');
});
