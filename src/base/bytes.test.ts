/** Bytes that come piece by piece. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { gather } from './bytes.ts';

const pieces = (...texts: string[]) => Readable.from(texts.map((text) => Buffer.from(text)));
const tooLarge = () => new Error('too large');

test('pieces become one, up to the very limit', async () => {
  assert.equal(String(await gather(pieces('ab', '', 'cd'), 4, tooLarge)), 'abcd');
  assert.equal((await gather(pieces(), 0, tooLarge)).length, 0);
});

test('one byte more than the limit is refused, whether it comes alone or not', async () => {
  await assert.rejects(gather(pieces('ab', 'cd', 'e'), 4, tooLarge), /too large/);
  await assert.rejects(gather(pieces('abcde'), 4, tooLarge), /too large/);
});
