import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { multipartParts } from './multipart.ts';

const TYPE = 'multipart/form-data; boundary=frontier';
const part = (name: string, content: string): string =>
  `--frontier\r\nContent-Disposition: form-data; name="${name}"; filename="f"\r\nContent-Type: application/octet-stream\r\n\r\n${content}\r\n`;

/** The text in pieces of these sizes, over and over. */
async function* pieces(text: string, sizes: readonly number[]): AsyncGenerator<Buffer, void> {
  const bytes = Buffer.from(text, 'latin1');
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function read(
  text: string,
  sizes: readonly number[] = [1 << 16],
  type = TYPE,
): Promise<[string, string][]> {
  const found: [string, string][] = [];
  for await (const { name, bytes } of multipartParts(pieces(text, sizes), type)) {
    let content = '';
    for await (const chunk of bytes) content += chunk.toString('latin1');
    found.push([name, content]);
  }
  return found;
}

test('parts come in their order, with all of their bytes, however the body is cut', async () => {
  const content = fc.string({
    unit: fc.constantFrom('\r', '\n', '-', 'f', 'frontier', '\0', '\xff', '--frontie'),
    maxLength: 30,
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom('Context', 'Dockerfile', ''), content), { maxLength: 4 }),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
      async (parts, sizes) => {
        fc.pre(parts.every(([, text]) => !`\r\n${text}`.includes('\r\n--frontier')));
        const body = `${parts.map(([name, text]) => part(name, text)).join('')}--frontier--\r\n`;
        assert.deepEqual(await read(body, sizes), parts);
      },
    ),
    { numRuns: 300 },
  );
});

test('what stands before the first part and behind the last is for nobody', async () => {
  assert.deepEqual(await read(`hello\r\n${part('a', 'x')}--frontier--\r\n--frontier--\r\nrest`), [
    ['a', 'x'],
  ]);
});

test('a part that is not read is skipped', async () => {
  const names: string[] = [];
  const body = `${part('a', 'x'.repeat(1000))}${part('b', 'y')}--frontier--`;
  for await (const { name } of multipartParts(pieces(body, [7]), TYPE)) names.push(name);
  assert.deepEqual(names, ['a', 'b']);
});

const wrong: readonly [string, string, string, RegExp][] = [
  ['no boundary', TYPE.slice(0, 19), '', /no boundary/],
  ['no part', TYPE, 'nothing', /ends too soon/],
  ['an end within a part', TYPE, part('a', 'x'), /ends too soon/],
  ['an end within a head', TYPE, '--frontier\r\nContent-Dis', /ends too soon/],
  ['an endless head', TYPE, `--frontier\r\n${'a: b\r\n'.repeat(9000)}`, /too long/],
  ['an endless line', TYPE, `--frontier\r\n${'a'.repeat(90_000)}`, /too long/],
  ['text behind a boundary', TYPE, `--frontier more\r\n\r\n`, /no line ends/],
  ['endless parts', TYPE, part('a', 'x').repeat(70), /more than 64 parts/],
];
for (const [what, type, body, message] of wrong)
  test(`${what} is refused`, async () => {
    await assert.rejects(read(body, [1 << 10], type), { kind: 'invalid', message });
  });

test('a boundary may stand in quotes', async () => {
  assert.deepEqual(
    await read(`${part('a', 'x')}--frontier--`, [3], 'multipart/form-data; boundary="frontier"'),
    [['a', 'x']],
  );
});
