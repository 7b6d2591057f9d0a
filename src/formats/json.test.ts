import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { jsonInteger, readJson, writeJson } from './json.ts';

test('a bigint is written with all its digits', () => {
  assert.equal(
    writeJson({ timeNano: 1629574695515050031n, time: 1 }),
    '{"timeNano":1629574695515050031,"time":1}',
  );
});

for (const [text, message] of [
  ['', 'EOF'],
  [' \n', 'EOF'],
  ['{', 'unexpected EOF'],
  ['{"a": ', 'unexpected EOF'],
  ['"abc', 'unexpected EOF'],
  ['nonsense', "invalid character 'o' in literal null (expecting 'u')"],
  ['hello', "invalid character 'h' looking for beginning of value"],
  ['{a:1}', "invalid character 'a' looking for beginning of object key string"],
  ['{"a" 1}', "invalid character '1' after object key"],
  ['{"a":1 "b":2}', "invalid character '\"' after object key:value pair"],
  ['[1 2]', "invalid character '2' after array element"],
  ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
  ['{} x', "invalid character 'x' after top-level value"],
  ['"\\q"', "invalid character 'q' in string escape code"],
  ['"\\u12g4"', "invalid character 'g' in \\u hexadecimal character escape"],
  ['-x', "invalid character 'x' in numeric literal"],
  ['1.x', "invalid character 'x' after decimal point in numeric literal"],
  ['1ex', "invalid character 'x' in exponent of numeric literal"],
  ["{'a':1}", "invalid character '\\'' looking for beginning of object key string"],
  ['tru', 'unexpected EOF'],
  ['trux', "invalid character 'x' in literal true (expecting 'e')"],
  ['fals1', "invalid character '1' in literal false (expecting 'e')"],
  ['nulL', "invalid character 'L' in literal null (expecting 'l')"],
  ['[', 'unexpected EOF'],
  ['[1', 'unexpected EOF'],
  ['[1,', 'unexpected EOF'],
  ['[1,]', "invalid character ']' looking for beginning of value"],
  ['[,]', "invalid character ',' looking for beginning of value"],
  ['[ ] ]', "invalid character ']' after top-level value"],
  ['{"a"', 'unexpected EOF'],
  ['{"a":1', 'unexpected EOF'],
  ['{ }x', "invalid character 'x' after top-level value"],
  ['{"a":}', "invalid character '}' looking for beginning of value"],
  ['{"a":1,2:3}', "invalid character '2' looking for beginning of object key string"],
  ['{ "a" : [ 1 , { "b" : null } ] , x}', "invalid character 'x' looking for beginning of object key string"],
  ['"a\\', 'unexpected EOF'],
  ['"\\u12', 'unexpected EOF'],
  ['"\\u1234g" x', "invalid character 'x' after top-level value"],
  ['"\\u12345\\x"', "invalid character 'x' in string escape code"],
  ['"\\b\\f\\n\\r\\t\\/\\\\\\""x', "invalid character 'x' after top-level value"],
  ['"\x1f"', "invalid character '\\u001f' in string literal"],
  ['" ~', 'unexpected EOF'],
  ['-', 'unexpected EOF'],
  ['01', "invalid character '1' after top-level value"],
  ['-0x', "invalid character 'x' after top-level value"],
  ['1.', 'unexpected EOF'],
  ['1.5.2', "invalid character '.' after top-level value"],
  ['1e', 'unexpected EOF'],
  ['1e+-2', "invalid character '-' in exponent of numeric literal"],
  ['1E-5x', "invalid character 'x' after top-level value"],
  ['1e+57 2', "invalid character '2' after top-level value"],
  ['\u00a0', "invalid character '\u00a0' looking for beginning of value"],
  ['\t\r\n 1 \t\r\n x', "invalid character 'x' after top-level value"],
  ['x\n', "invalid character 'x' looking for beginning of value"],
  ['\n x', "invalid character 'x' looking for beginning of value"],
  ['"a\nb"', "invalid character '\\n' in string literal"],
] as const)
  test(`${JSON.stringify(text)} is refused with: ${message}`, () => {
    assert.throws(() => readJson(text), { name: 'SyntaxError', message });
  });

test('what is JSON is read', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) =>
      assert.deepEqual(readJson(JSON.stringify(value)), JSON.parse(JSON.stringify(value))),
    ),
  );
});

test('whatever is no JSON is refused with a reason of its own', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'{}[]",:0 1.e-tfnrul\\x\n') }), (text) => {
      try {
        readJson(text);
      } catch (error) {
        assert.ok(error instanceof SyntaxError);
        assert.notEqual(error.message, 'invalid JSON', text);
      }
    }),
    { numRuns: 2000 },
  );
});

test('a text of a million brackets is refused, not walked', () => {
  assert.throws(() => readJson('['.repeat(1e6) + ']'.repeat(1e6)), { message: 'exceeded max depth' });
});

test('a text may be a thousand deep, whatever its brackets are, and those in strings are none', () => {
  for (const [open, close] of [
    ['[', ']'],
    ['{"a":', '}'],
  ] as const) {
    const deep = (depth: number) => `${open.repeat(depth)}1${close.repeat(depth)}`;
    assert.equal(typeof readJson(deep(1000)), 'object');
    assert.throws(() => readJson(deep(1001)), { message: 'exceeded max depth' });
  }
  assert.deepEqual(readJson(`[${'[],{},'.repeat(2000)}1]`), JSON.parse(`[${'[],{},'.repeat(2000)}1]`));
  for (const text of ['[{'.repeat(900), `\\"${'['.repeat(1500)}`, `\\\\`])
    assert.deepEqual(readJson(JSON.stringify([text])), [text]);
  assert.throws(() => readJson(`"a\\\\" ${'['.repeat(1001)}`), { message: 'exceeded max depth' });
});

test('a whole number of any size is written as it is', () => {
  assert.equal(JSON.stringify([jsonInteger(2n ** 63n), jsonInteger(-1n)]), '[9223372036854775808,-1]');
});
