import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PIECE_BYTES, PieceMemory } from '../pack/piece-memory.ts';
import { readableFromPort, sendPieces } from './port-sink.ts';

const PIECES = 24;

class CountedMemory extends PieceMemory {
  came = 0;
  override put(spare: ArrayBuffer): void {
    this.came++;
    super.put(spare);
  }
}

function* numbered(memory: PieceMemory): Generator<Buffer, string> {
  for (let number = 0; number < PIECES; number++) yield memory.take().fill(number);
  return 'all of them';
}

for (const gives of [true, false])
  test(`pieces arrive whole and in order from memory that ${gives ? 'comes back' : 'is kept'}`, async () => {
    const memory = new CountedMemory();
    const { readable, port } = readableFromPort();
    const sending = sendPieces(numbered(memory), port, new AbortController().signal, memory);
    let number = 0;
    for await (const piece of readable as AsyncIterable<Buffer>) {
      assert.equal(piece.compare(Buffer.alloc(PIECE_BYTES, number)), 0, `piece ${number} is whole`);
      number++;
      if (gives) readable.giveBack(piece);
    }
    assert.equal(number, PIECES);
    assert.equal(await sending, 'all of them');
    assert.equal(memory.came > 0, gives);
  });
