import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { InvalidArgument } from '../../base/errors.ts';
import { dimension, filters, flag, number, text, texts, time } from './query.ts';

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
    [number().read('-5', 'x'), number().read('+7', 'x'), number().read('', 'x')],
    [-5, 7, undefined],
  );
  assert.throws(() => number().read('1.5', 'x'), { message: 'strconv.Atoi: parsing "1.5": invalid syntax' });
  assert.throws(() => number().read('99999999999999999999', 'x'), { message: /value out of range/ });
});

test('dimensions must be there and fit into 32 bits', () => {
  assert.equal(dimension('height').read('40', 'h'), 40);
  for (const wrong of [undefined, '', 'x', '-1', '4294967296'])
    assert.throws(() => dimension('width').read(wrong, 'w'), InvalidArgument);
});

test('times in nanoseconds', () => {
  assert.equal(time().read('1700000000.000000001', 'since'), 1_700_000_000_000_000_001n);
  assert.deepEqual(
    [time().read('0', 'since'), time({ zeroIsAbsent: true }).read('0', 'until')],
    [0n, undefined],
  );
  assert.throws(() => time().read('x', 'since'), { message: /^invalid value for "since"/ });
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
