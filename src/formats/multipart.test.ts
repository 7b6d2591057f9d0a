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

test('heads may be as long as 16 KiB, and parts as many as 64', async () => {
  const headed = (bytes: number) => {
    const name = 'Content-Disposition: form-data; name="a"';
    return `--frontier\r\n${name}\r\nX: ${'x'.repeat(bytes - name.length - 3)}\r\n\r\nb\r\n--frontier--`;
  };
  assert.deepEqual(await read(headed(16_384)), [['a', 'b']]);
  await assert.rejects(read(headed(16_385)), /the head of a part is too long/);
  assert.equal((await read(`${part('a', 'x').repeat(64)}--frontier--`)).length, 64);
  await assert.rejects(read(`${part('a', 'x').repeat(65)}--frontier--`), /more than 64 parts/);
});

for (const [type, boundary] of [
  ['multipart/form-data;boundary=a', 'a'],
  ['multipart/form-data; BOUNDARY=a; charset=x', 'a'],
  ['multipart/form-data; boundary="a b;c"', 'a b;c'],
  ['multipart/form-data; charset=x; boundary=a', 'a'],
  [`multipart/form-data; boundary=${'a'.repeat(70)}`, 'a'.repeat(70)],
  [`multipart/form-data; boundary="${'a'.repeat(70)}"`, 'a'.repeat(70)],
] as const)
  test(`the boundary of ${type.slice(0, 60)} is found`, async () => {
    const body = `--${boundary}\r\nContent-Disposition: form-data; name=x\r\n\r\ny\r\n--${boundary}--`;
    assert.deepEqual(await read(body, [5], type), [['x', 'y']]);
  });

for (const type of [
  'multipart/form-data; boundary=',
  'multipart/form-data; boundary=""',
  `multipart/form-data; boundary="${'a'.repeat(71)}"`,
  'multipart/form-data; xboundary=a',
])
  test(`${type.slice(0, 60)} has no boundary`, async () => {
    await assert.rejects(read('--a--', [5], type), /no boundary in its content type/);
  });

for (const [line, name] of [
  ['content-disposition:form-data;name=a', 'a'],
  ['Content-Disposition: form-data; filename="x"; name="a b"', 'a b'],
  ['Content-Disposition: form-data; name=""', ''],
  ['Content-Disposition: form-data; filename="a"', ''],
  ['X-Content-Disposition: form-data; name="a"', ''],
] as const)
  test(`the part of ${line} is called ${JSON.stringify(name)}`, async () => {
    assert.deepEqual(await read(`--frontier\r\n${line}\r\n\r\nx\r\n--frontier--`), [[name, 'x']]);
  });

test('blanks may stand behind a boundary, and a part may be empty', async () => {
  assert.deepEqual(await read('--frontier \t\r\n\r\n\r\n--frontier--'), [['', '']]);
});

test('a boundary of 71 characters is none, also without quotes', async () => {
  const boundary = 'a'.repeat(71);
  const body = `--${boundary}\r\nContent-Disposition: form-data; name=x\r\n\r\ny\r\n--${boundary}--`;
  await assert.rejects(read(body, [5], `multipart/form-data; boundary=${boundary}`), { kind: 'invalid' });
});
