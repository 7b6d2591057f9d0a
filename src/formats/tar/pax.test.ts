/** pax records and the values in them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildPax, formatPaxTime, parsePax, parsePaxNumber, parsePaxTime } from './pax.ts';

test('a record says its own length, also where that gets a digit by it', () => {
  assert.equal(buildPax([['a', 'b']]).toString(), '6 a=b\n');
  assert.equal(buildPax([['path', 'a/b']]).toString(), '12 path=a/b\n');
  assert.equal(buildPax([['abc', 'de']]).toString(), '9 abc=de\n');
  assert.equal(buildPax([['abc', 'def']]).toString(), '11 abc=def\n');
  assert.equal(
    buildPax([['a', 'x'.repeat(94)]])
      .subarray(0, 4)
      .toString(),
    '101 ',
  );
  assert.equal(
    buildPax([['a', 'x'.repeat(93)]])
      .subarray(0, 3)
      .toString(),
    '99 ',
  );
});

test('records are read one behind the other, up to a NUL', () => {
  const records = [
    ['a', ''],
    ['b', 'x=y\nz'],
    ['a', '2'],
  ] as const;
  assert.deepEqual(parsePax(buildPax(records)), records);
  assert.deepEqual(parsePax(Buffer.concat([buildPax(records), Buffer.alloc(3)])), records);
  assert.deepEqual(parsePax(Buffer.from('0000000015 a=b\n')), [['a', 'b']]);
});

for (const text of [
  '5 a=b\n',
  '7 a=b\n',
  '6 a=bx',
  '6',
  'x a=b\n',
  '-6 a=b\n',
  ' a=b\n',
  '2 ',
  '6 a=b\n6',
  '00000000016 a=b\n',
  '1e1 abc=d\n',
  '6 a=b\n0 a=b\n',
])
  test(`${JSON.stringify(text)} is of wrong length`, () => {
    assert.throws(() => parsePax(Buffer.from(text)), { name: 'TarError', message: /of wrong length/ });
  });

for (const text of ['3 \n', '5 ab\n=b\n', '6 =ab\n', '6 abc\n', '6 abc\n6 a=b\n'])
  test(`${JSON.stringify(text)} has no key`, () => {
    assert.throws(() => parsePax(Buffer.from(text)), { name: 'TarError', message: /without a key/ });
  });

for (const [text, nanos] of [
  ['0', 0n],
  ['1700000000', 1_700_000_000_000_000_000n],
  ['1.5', 1_500_000_000n],
  ['-1.5', -1_500_000_000n],
  ['1.', 1_000_000_000n],
  ['1.0000000019', 1_000_000_001n],
  ['999999999999999999', 999_999_999_999_999_999_000_000_000n],
] as const)
  test(`the time ${text} is ${nanos} nanoseconds`, () => assert.equal(parsePaxTime(text), nanos));

for (const text of ['', '-', '.5', '1e3', '+1', ' 1', '1 ', '1.5.', 'x1', '1000000000000000000'])
  test(`${JSON.stringify(text)} is no time`, () =>
    assert.throws(() => parsePaxTime(text), {
      name: 'TarError',
      message: `pax header with a malformed time: ${JSON.stringify(text)}`,
    }));

test('no more than 40 characters of what is no time are told', () => {
  assert.throws(() => parsePaxTime(`y${'x'.repeat(90)}`), {
    message: `pax header with a malformed time: "y${'x'.repeat(39)}"`,
  });
});

test('a time is written with the digits that it needs', () => {
  for (const [nanos, text] of [
    [0n, '0'],
    [1n, '0.000000001'],
    [-1n, '-0.000000001'],
    [1_500_000_000n, '1.5'],
    [-2_000_000_000n, '-2'],
    [10_010_000_000n, '10.01'],
  ] as const)
    assert.equal(formatPaxTime(nanos), text);
});

test('a number is whole, not below zero, and one that can be counted with', () => {
  assert.deepEqual(
    ['0', '007', '9007199254740991'].map((text) => parsePaxNumber(text, 'size')),
    [0, 7, 2 ** 53 - 1],
  );
  assert.equal(parsePaxNumber('0000000000000000007', 'size'), 7);
  for (const text of ['', '-1', '1.5', '1x', 'x1', '9007199254740992', `${'0'.repeat(19)}7`])
    assert.throws(() => parsePaxNumber(text, 'size'), {
      name: 'TarError',
      message: `pax header with a malformed size: ${JSON.stringify(text)}`,
    });
  assert.throws(() => parsePaxNumber('x'.repeat(90), 'uid'), {
    message: `pax header with a malformed uid: "${'x'.repeat(40)}"`,
  });
});
