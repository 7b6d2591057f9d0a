/** Filters in the form of containerd. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseSelectors, type Selector } from './selectors.ts';

const one = (path: string, operator?: Selector['operator'], value = ''): Selector => ({
  path: path.split('.'),
  operator,
  value,
});

for (const [text, ...wanted] of [
  [''],
  ['inuse', one('inuse')],
  ['type==regular', one('type', '==', 'regular')],
  ['type==exec.cachemount,shared', one('type', '==', 'exec.cachemount'), one('shared')],
  ['id~=abc', one('id', '~=', 'abc')],
  ['id~=/^a\\/b$/', one('id', '~=', '^a/b$')],
  ['id~=|^a/b|', one('id', '~=', '^a/b')],
  ['description!="a, \\"b\\" \\u00e9\\x41"', one('description', '!=', 'a, "b" éA')],
  ['labels."a.b"==c', { path: ['labels', 'a.b'], operator: '==', value: 'c' }],
  [' a == b', one('a', '==', 'b')],
  ['a==b=c', one('a', '==', 'b=c')],
  ['a.b.c', one('a.b.c')],
  ['"a b"', { path: ['a b'], operator: undefined, value: '' }],
  [' "a b"=="c"', { path: ['a b'], operator: '==', value: 'c' }],
  ['a==""', one('a', '==', '')],
  ['a~="b|/"', one('a', '~=', 'b|/')],
  ['a~= /b|"/', one('a', '~=', 'b|"')],
  ['a~=|b\\||', one('a', '~=', 'b|')],
  ['a=="\\a\\b\\f\\n\\r\\t\\v\\\\"', one('a', '==', '\x07\b\f\n\r\t\v\\')],
  ['a=="\\101\\x4a\\u00e9\\U0001F600"', one('a', '==', 'AJé😀')],
  ['a=="\\U0010ffff"', one('a', '==', '\u{10ffff}')],
] as const)
  test(`${JSON.stringify(text)} is read`, () => assert.deepEqual(parseSelectors(text), wanted));

for (const [text, words] of [
  [',', /expected field or quoted/],
  ['a,', /expected field or quoted/],
  ['a=="\\U00110000"', /unquoting failed/],
  ['a=="b\nc"', /expected value or quoted/],
  ['a~=/b\nc/', /expected value or quoted/],
  ['a=="\\\'"', /illegal escape/],
  ['a=="\\1"', /illegal escape/],
  ['a==|b|', /expected value or quoted/],
  ['a..b', /expected field or quoted/],
  ['.a', /expected field or quoted/],
  ['a!b', /unsupported operator/],
  ['a=~b', /unsupported operator/],
  ['a==b,', /expected field or quoted/],
  ['a=b', /unsupported operator/],
  ['a===b', /unsupported operator/],
  ['a b', /expected an operator/],
  ['a==', /expected value or quoted/],
  ['a==,b', /expected value or quoted/],
  ['a==b c', /filters: parse error: \[a==b >\| \|< c\]: unexpected input/],
  ['a==/b/', /expected value or quoted/],
  ['a=="b', /expected value or quoted/],
  ['a=="\\q"', /illegal escape/],
  ['a=="\\UFFFFFFFF"', /unquoting failed/],
] as const)
  test(`${JSON.stringify(text)} is refused`, () => assert.throws(() => parseSelectors(text), words));

test('what is written is read', () => {
  const name = fc.stringMatching(/^\w+$/);
  const operator = fc.constantFrom('==', '!=', '~=', undefined);
  const value = fc.string({ unit: 'grapheme' });
  const selector = fc
    .record({ path: fc.array(name, { minLength: 1 }), operator, value }, { noNullPrototype: true })
    .map((each) => (each.operator === undefined ? { ...each, value: '' } : each));
  fc.assert(
    fc.property(fc.array(selector, { minLength: 1 }), (selectors) => {
      const text = selectors
        .map(
          (each) => each.path.join('.') + (each.operator ? each.operator + JSON.stringify(each.value) : ''),
        )
        .join(',');
      assert.deepEqual(parseSelectors(text), selectors);
    }),
  );
});

test('whatever is written, it is read or refused', () => {
  const text = fc.string({ unit: fc.constantFrom(...'ab.,=!~"/|\\ x0') });
  fc.assert(
    fc.property(text, (said) => {
      try {
        parseSelectors(said);
      } catch (error) {
        assert.match(String(error), /filters: parse error/);
      }
    }),
  );
});

test('it is told where a filter is wrong, within 500 characters', () => {
  const told = (text: string): string => {
    try {
      parseSelectors(text);
    } catch (error) {
      return (error as Error).message;
    }
    return 'nothing';
  };
  assert.match(told('a b'), /\[a >\| \|< b\]: expected an operator/);
  assert.match(told('a,'), /\[a,\]: expected field or quoted/);
  assert.match(told(`${'a'.repeat(600)}=`), /\[a{500}\]: /);
});
