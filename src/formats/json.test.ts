import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readJson, writeJson } from './json.ts';

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
