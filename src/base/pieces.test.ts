/** A stream of pieces. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pieces } from './pieces.ts';

class Numbered extends Pieces {
  asked = 0;
  override _read(): void {
    this.push(this.asked === 4 ? null : Buffer.from([this.asked++]));
  }
  giveBack(): void {}
}

test('pieces are never joined, and no more than one is filled ahead of its reader', async () => {
  const pieces = new Numbered();
  const read: number[][] = [];
  for await (const piece of pieces) {
    await new Promise(setImmediate);
    read.push([...piece, pieces.asked]);
  }
  assert.deepEqual(read, [
    [0, 2],
    [1, 3],
    [2, 4],
    [3, 4],
  ]);
});
