import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Cutter, type Entry, linesOf, PIECE_BYTES } from './entries.ts';

/** One text a line or piece: `…` stands for the end that a piece lacks. */
const spelled = (entries: readonly Entry[]): string[] =>
  entries.flatMap((entry) =>
    [...linesOf(entry)].map((line) => `${line}${entry.is === 'piece' && !entry.part.isLast ? '…' : ''}`),
  );

/** What dockerd does with a stream, said simply: lines, and pieces of those that fill its buffer. */
function expected(text: string, isCut: boolean): string[] {
  const found: string[] = [];
  for (let rest = text; rest !== ''; ) {
    const newline = rest.slice(0, PIECE_BYTES).indexOf('\n');
    if (newline >= 0) {
      found.push(rest.slice(0, newline));
      rest = rest.slice(newline + 1);
    } else if (rest.length >= PIECE_BYTES) {
      found.push(`${rest.slice(0, PIECE_BYTES)}…`);
      rest = rest.slice(PIECE_BYTES);
    } else {
      if (isCut) found.push(`${rest}…`);
      break;
    }
  }
  return found;
}

const texts = fc.array(
  fc.oneof(
    fc.constantFrom('\n', 'a', 'line\n', 'two\nlines\n'),
    fc.integer({ min: PIECE_BYTES - 2, max: 2 * PIECE_BYTES + 2 }).map((length) => 'x'.repeat(length)),
  ),
  { maxLength: 12 },
);

test('lines and pieces depend on the bytes alone, not on how they came', () => {
  fc.assert(
    fc.property(
      texts,
      fc.array(fc.integer({ min: 1, max: 40_000 }), { maxLength: 20 }),
      fc.boolean(),
      (words, cuts, isCut) => {
        const text = words.join('');
        const cutter = new Cutter();
        const entries: Entry[] = [];
        let from = 0;
        for (const length of [...cuts, text.length]) {
          entries.push(...cutter.feed('stdout', Buffer.from(text.slice(from, from + length)), 1n));
          from += length;
        }
        if (isCut) entries.push(...cutter.cut('stdout', 2n));
        assert.deepEqual(spelled(entries), expected(text, isCut));
      },
    ),
    { numRuns: 200 },
  );
});

test('a cutter goes on from its state as if nothing had been between', () => {
  fc.assert(
    fc.property(texts, fc.nat(60_000), (words, at) => {
      const text = words.join('');
      const [first, second] = [text.slice(0, at), text.slice(at)].map((part) => Buffer.from(part));
      const before = new Cutter();
      const entries = before.feed('stderr', first!, 1n);
      const after = new Cutter(JSON.parse(JSON.stringify(before.state)));
      entries.push(...after.feed('stderr', second!, 2n));
      const whole = new Cutter().feed('stderr', Buffer.from(text), 2n);
      assert.deepEqual(spelled(entries), spelled(whole));
    }),
  );
});

test('pieces of a line carry its number, their order, and the time of the first', () => {
  const cutter = new Cutter();
  const entries = [
    ...cutter.feed('stdout', Buffer.alloc(2 * PIECE_BYTES, 'x'), 5n),
    ...cutter.feed('stdout', Buffer.from('end\nnext\n'), 9n),
  ];
  assert.deepEqual(
    entries.map((entry) => [
      entry.at,
      entry.is === 'piece' ? [entry.part.ordinal, entry.part.isLast] : 'lines',
    ]),
    [
      [5n, [1, false]],
      [5n, [2, false]],
      [5n, [3, true]],
      [9n, 'lines'],
    ],
  );
  assert.equal(new Set(entries.map((entry) => (entry.is === 'piece' ? entry.part.id : ''))).size, 2);
});
