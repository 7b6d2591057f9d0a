import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { InvalidArgument } from '../../base/errors.ts';
import { dimension, filters, flag, lenientNumber, number, text, texts, time } from './query.ts';

test('texts: one, several, none', () => {
  assert.deepEqual(
    [text().read('a', 'x'), text().read('', 'x'), text().read(['b', 'c'], 'x')],
    ['a', undefined, 'b'],
  );
  assert.deepEqual(
    [texts().read('a', 'x'), texts().read(undefined, 'x'), texts().read(['b', 'c'], 'x')],
    [['a'], [], ['b', 'c']],
  );
});

test('flags: a few words are false, the rest is true', () => {
  for (const no of ['', '0', 'no', 'False', ' none ']) assert.equal(flag().read(no, 'x'), false, no);
  for (const yes of ['1', 'true', 'yes', 'anything']) assert.equal(flag().read(yes, 'x'), true, yes);
  assert.deepEqual([flag().read(undefined, 'x'), flag(true).read(undefined, 'x')], [false, true]);
});

test('numbers as Go reads them', () => {
  assert.deepEqual(
    [
      number().read('-5', 'x'),
      number().read('+7', 'x'),
      number().read('', 'x'),
      number().read(undefined, 'x'),
    ],
    [-5, 7, undefined, undefined],
  );
  for (const said of ['1.5', ' 1', '1 ', '-', '+', 'x1', '1x', '--1', '0x1'])
    assert.throws(() => number().read(said, 'x'), {
      message: `strconv.Atoi: parsing "${said}": invalid syntax`,
    });
  assert.throws(() => number().read('99999999999999999999', 'x'), { message: /value out of range/ });
});

test('any whole number is read, and by the lenient way too', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), fc.constantFrom('', '+'), (value, sign) => {
      const said = value < 0 ? String(value) : `${sign}${value}`;
      assert.equal(number().read(said, 'x'), value);
      assert.equal(lenientNumber().read(said, 'x'), value);
    }),
  );
  assert.equal(number().read(String(Number.MAX_SAFE_INTEGER), 'x'), Number.MAX_SAFE_INTEGER);
  assert.throws(() => number().read(String(2 ** 53), 'x'), { message: /value out of range/ });
});

test('a lenient number that cannot be read was not said', () => {
  for (const said of [undefined, '', 'x', '1.5', ' 1', '1 ', 'x1', '1x', '-', '9007199254740992'])
    assert.equal(lenientNumber().read(said, 'x'), undefined, said);
});

test('dimensions must be there and fit into 32 bits', () => {
  for (const fits of [0, 1, 40, 2 ** 32 - 1]) assert.equal(dimension('height').read(`${fits}`, 'h'), fits);
  const invalid = (said: string | undefined, why: string) =>
    assert.throws(() => dimension('width').read(said, 'w'), {
      message: `invalid resize width ${JSON.stringify(said ?? '')}: ${why}`,
    });
  for (const wrong of [undefined, '', 'x', '4x', 'x4', '4-', '-', '+4']) invalid(wrong, 'invalid syntax');
  for (const outside of ['-1', '4294967296']) invalid(outside, 'value out of range');
});

test('times in nanoseconds', () => {
  assert.equal(time().read('1700000000.000000001', 'since'), 1_700_000_000_000_000_001n);
  for (const none of [undefined, '']) assert.equal(time().read(none, 'since'), undefined);
  assert.deepEqual(
    [time().read('0', 'since'), time({ zeroIsAbsent: true }).read('0', 'until')],
    [0n, undefined],
  );
  assert.equal(time({ zeroIsAbsent: true }).read('0.1', 'until'), 100_000_000n);
  assert.throws(() => time().read('x', 'since'), { message: /^invalid value for "since"/ });
});

test('filters are lists of texts, or maps whose keys they are', () => {
  const read = (said: string) => [...filters().read(said, 'filters')];
  assert.deepEqual([...filters().read(undefined, 'filters')], []);
  assert.deepEqual([...read(''), ...read('null'), ...read('{}')], []);
  assert.deepEqual(read('{"label":["a","b"],"id":[],"name":null}'), [
    ['label', ['a', 'b']],
    ['id', []],
    ['name', []],
  ]);
  // What maps to false counts too: the first engine looked at the keys only.
  assert.deepEqual(read('{"label":{"a":true,"b":false},"id":{}}'), [
    ['label', ['a', 'b']],
    ['id', []],
  ]);
});

for (const said of ['x', '[]', '["a"]', '1', '"a"', 'true'])
  test(`filters that are no map are refused: ${said}`, () => {
    assert.throws(() => filters().read(said, 'filters'), InvalidArgument);
  });

for (const values of ['1', '"a"', 'true', '["a",1]', '[null]', '{"a":true,"b":1}', '{"a":"true"}'])
  test(`the values of a filter are refused unless they are texts: ${values}`, () => {
    assert.throws(() => filters().read(`{"label":${values}}`, 'filters'), InvalidArgument);
  });

test('any text is a filter or refused', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (said) => {
      try {
        for (const values of filters().read(said, 'filters').values())
          assert.ok(values.every((value) => typeof value === 'string'));
      } catch (error) {
        assert.ok(error instanceof InvalidArgument);
      }
    }),
  );
});

test('SC-DOS-05: filters have no more values than can be held against everything that is listed', () => {
  const said = (count: number) => JSON.stringify({ id: Array(count).fill('a'), label: { b: true } });
  assert.equal(filters().read(said(4095), 'filters').size, 2);
  assert.throws(() => filters().read(said(4096), 'filters'), {
    name: 'InvalidArgument',
    message: 'more than 4096 values of filters',
  });
});
