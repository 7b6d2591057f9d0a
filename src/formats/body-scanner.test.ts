import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BodyScanner, framingOf } from './body-scanner.ts';

test('the framing is read off the head', () => {
  assert.deepEqual(framingOf('POST / HTTP/1.1\r\nContent-Length: 12\r\n'), { is: 'length', bytes: 12 });
  assert.deepEqual(framingOf('POST / HTTP/1.1\r\ncontent-length:0\r\n'), { is: 'none' });
  assert.deepEqual(
    framingOf('POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\nContent-Length: 3\r\n'),
    { is: 'chunked' },
  );
  for (const head of [
    'X-Content-Length: 12',
    'Content-Length:',
    'Content-Length: ',
    'Content-Length: 12x',
    'Content-Length: 1 2',
    'Content-Length: -1',
    'X-Transfer-Encoding: chunked',
    'Transfer-Encoding: xchunked',
    'Transfer-Encoding: chunkedx',
    'X: transfer-encoding: chunked',
  ])
    assert.deepEqual(framingOf(`GET / HTTP/1.1\r\n${head}\r\n`.replaceAll('\r', '')), { is: 'none' }, head);
  for (const head of [
    'Transfer-Encoding:chunked',
    'TRANSFER-ENCODING: Chunked',
    'Transfer-Encoding:\tgzip,chunked',
  ])
    assert.deepEqual(framingOf(`GET / HTTP/1.1\r\n${head}\r\n`), { is: 'chunked' }, head);
  assert.deepEqual(framingOf('GET / HTTP/1.1\ncontent-length:\t 07 \t\n'), { is: 'length', bytes: 7 });
});

function* forever(one: number): Generator<number, never> {
  for (;;) yield one;
}

/** Pushes `wire` cut into pieces, and gives what was found in it. */
function scan(scanner: BodyScanner, wire: Buffer, cuts: Iterator<number>): { payload: string; used: number } {
  const payload: Buffer[] = [];
  let used = 0;
  for (let at = 0; at < wire.length && !scanner.done; ) {
    const piece = wire.subarray(at, at + (cuts.next().value as number));
    const scanned = scanner.push(piece);
    payload.push(...scanned.payload);
    used += scanned.used;
    at += piece.length;
  }
  return { payload: Buffer.concat(payload).toString('latin1'), used };
}

test('a body ends where its framing says, wherever the bytes are cut', () => {
  const parts = fc.array(fc.string({ minLength: 1, maxLength: 20, unit: 'binary-ascii' }), { maxLength: 5 });
  const cuts = fc.infiniteStream(fc.integer({ min: 1, max: 9 }));
  fc.assert(
    fc.property(parts, cuts, fc.boolean(), (chunks, steps, trailer) => {
      const chunked = `${chunks.map((chunk) => `${chunk.length.toString(16)};ext=1\r\n${chunk}\r\n`).join('')}0\r\n${trailer ? 'X: y\r\n' : ''}\r\n`;
      const found = scan(new BodyScanner({ is: 'chunked' }), Buffer.from(`${chunked}NEXT`, 'latin1'), steps);
      assert.equal(found.payload, chunks.join(''));
      assert.equal(found.used, chunked.length);
      const text = chunks.join('');
      const plain = scan(
        new BodyScanner(text === '' ? { is: 'none' } : { is: 'length', bytes: text.length }),
        Buffer.from(`${text}NEXT`, 'latin1'),
        steps,
      );
      assert.deepEqual(plain, { payload: text, used: text.length });
    }),
  );
});

test('a scanner goes on from where another one stood', () => {
  const wire = '5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nX: y\r\n\r\nNEXT';
  for (let cut = 0; cut <= wire.length - 4; cut++) {
    const first = new BodyScanner({ is: 'chunked' });
    const one = first.push(Buffer.from(wire.slice(0, cut)));
    const second = new BodyScanner(structuredClone(first.state));
    const two = second.push(Buffer.from(wire.slice(cut)));
    assert.equal(Buffer.concat([...one.payload, ...two.payload]).toString(), 'hello world');
    assert.equal(one.used + two.used, wire.length - 4);
    assert.deepEqual([second.done, second.broken], [true, false]);
  }
});

for (const [what, wire] of [
  ['a size that is none', 'x\r\n'],
  ['a size with a sign', '-5\r\n'],
  ['a size too large for a number', `${'f'.repeat(13)}\r\n`],
  ['a size line without an end', '1'.repeat(2000)],
  ['data behind the end of a chunk', '1\r\nab\r\n'],
  ['an endless trailer', `0\r\n${'X: y\r\n'.repeat(200)}`],
] as const)
  test(`${what} breaks a body off`, () => {
    const scanner = new BodyScanner({ is: 'chunked' });
    scanner.push(Buffer.from(wire));
    assert.deepEqual([scanner.done, scanner.broken], [true, true]);
  });

test('lines and trailers may be as long, and as many, as their limits', () => {
  const ends = (wire: string) => {
    const scanner = new BodyScanner({ is: 'chunked' });
    scanner.push(Buffer.from(wire));
    return scanner.done && !scanner.broken;
  };
  const trailers = (count: number) => `0\r\n${'X: y\r\n'.repeat(count)}\r\n`;
  assert.deepEqual([ends(trailers(100)), ends(trailers(101))], [true, false]);
  const extended = (bytes: number) => `${'0;'.padEnd(bytes - 1, 'x')}\r\n\r\n`;
  assert.deepEqual([ends(extended(1024)), ends(extended(1025))], [true, false]);
});

test('a size line may be in capitals, have blanks, and an extension that says nothing', () => {
  for (const line of ['A', 'a \t', 'A;', '00000000000a', 'a ; x'])
    assert.equal(
      scan(
        new BodyScanner({ is: 'chunked' }),
        Buffer.from(`${line}\r\n0123456789\r\n0\r\n\r\n`),
        forever(9999),
      ).payload,
      '0123456789',
      line,
    );
});

test('what is left of a body is told from its first byte on', () => {
  const scanner = new BodyScanner({ is: 'length', bytes: 5 });
  assert.deepEqual(scanner.state, { at: 'data', chunked: false, left: 5, line: '', trailers: 0 });
  scanner.push(Buffer.from('abc'));
  assert.equal(scanner.state.left, 2);
  assert.deepEqual(new BodyScanner({ is: 'chunked' }).state, {
    at: 'size',
    chunked: true,
    left: 0,
    line: '',
    trailers: 0,
  });
  assert.equal(new BodyScanner({ is: 'none' }).done, true);
});
