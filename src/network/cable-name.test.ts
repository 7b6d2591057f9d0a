/** Names of cables: nobody has them, however many there are. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freeCableName } from './cable-name.ts';

const PREFIX = 'veth0123ab';

test('of many cables on one network no two have one name, and each is one that the kernel takes', () => {
  const names = new Set<string>();
  for (let at = 0; at < 20_000; at++) {
    const name = freeCableName(PREFIX, (each) => names.has(each));
    assert.match(name, /^veth0123ab[0-9a-z]{5}$/);
    names.add(name);
  }
  assert.equal(names.size, 20_000);
});

test('a name that is taken is not given', () => {
  const bytes = (value: number): Buffer => {
    const buffer = Buffer.alloc(8);
    buffer.writeBigUInt64LE(BigInt(value));
    return buffer;
  };
  const drawn = [35, 35, 36].map(bytes).values();
  const random = () => drawn.next().value!;
  assert.equal(
    freeCableName(PREFIX, () => false, random),
    `${PREFIX}0000z`,
  );
  assert.equal(
    freeCableName(PREFIX, (name) => name === `${PREFIX}0000z`, random),
    `${PREFIX}00010`,
  );
});

test('chance alone gives few names twice: what is on its way to its sandbox is known to nobody', () => {
  const names = new Set(Array.from({ length: 1000 }, () => freeCableName(PREFIX, () => false)));
  assert.ok(names.size >= 998, `${names.size} of 1000`);
});
