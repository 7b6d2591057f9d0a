import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Entry } from './entries.ts';
import { JsonLines } from './json-lines.ts';

const AT = 1_790_000_000_123_400_000n;
const TIME = '2026-09-21T14:13:20.1234Z';
const lines = (text: string | Buffer): Entry => ({
  is: 'lines',
  stream: 'stdout',
  bytes: Buffer.from(text as string),
  at: AT,
});

test('a line is written member by member as dockerd writes it', () => {
  const plain = new JsonLines('');
  assert.equal(
    plain.encode(lines('hi\n')).toString(),
    `{"log":"hi\\n","stream":"stdout","time":"${TIME}"}\n`,
  );
  const marked = new JsonLines('{"tag":"x"}');
  assert.equal(
    marked.encode({ ...lines('a\nb\n'), stream: 'stderr' }).toString(),
    ['a', 'b']
      .map((text) => `{"log":"${text}\\n","stream":"stderr","attrs":{"tag":"x"},"time":"${TIME}"}\n`)
      .join(''),
  );
});

test('a piece has no newline, but for the last', () => {
  const json = new JsonLines('');
  const piece = (isLast: boolean): Entry => ({
    is: 'piece',
    stream: 'stdout',
    bytes: Buffer.from('xx'),
    at: AT,
    part: { id: '', ordinal: 1, isLast },
  });
  assert.match(json.encode(piece(false)).toString(), /^\{"log":"xx","stream"/);
  assert.match(json.encode(piece(true)).toString(), /^\{"log":"xx\\n","stream"/);
});

for (const [name, bytes, written] of [
  ['quotes and backslashes', Buffer.from('"\\'), '\\"\\\\'],
  ['what could end a script', Buffer.from('<&>'), '\\u003c\\u0026\\u003e'],
  ['control characters', Buffer.from('\x00\t\b\r\x1b\x7f'), '\\u0000\\u0009\\u0008\\r\\u001b\x7f'],
  ['separators of JavaScript', Buffer.from('\u2028\u2029'), '\\u2028\\u2029'],
  ['letters of any script', Buffer.from('ä漢🙂'), 'ä漢🙂'],
  ['single bytes that are no text', Buffer.from([0xff, 0x41, 0x80]), '\\ufffdA\\ufffd'],
  ['a character cut short', Buffer.from([0xe6, 0xbc, 0x41]), '\\ufffd\\ufffdA'],
  [
    'an overlong form, half a pair, and what is beyond',
    Buffer.from([0xc0, 0xaf, 0xed, 0xa0, 0x80, 0xf5]),
    '\\ufffd'.repeat(6),
  ],
] as const)
  test(`${name} are escaped as Go does`, () => {
    const encoded = new JsonLines('').encode(lines(Buffer.concat([bytes, Buffer.from('\n')])));
    assert.equal(encoded.toString(), `{"log":"${written}\\n","stream":"stdout","time":"${TIME}"}\n`);
  });

test('any lines come back from their JSON', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 30 })), (texts) => {
      const all = texts.map((text) => `${text.replaceAll('\n', '')}\n`);
      if (all.length === 0) return;
      const encoded = new JsonLines('{"a":"b"}').encode(lines(all.join(''))).toString();
      const read = encoded
        .split('\n')
        .slice(0, -1)
        .map((line) => (JSON.parse(line) as { log: string }).log);
      assert.deepEqual(
        read,
        all.map((text) => text.toWellFormed()),
      );
    }),
  );
});
