/** SC-HTTP-10: however a body is spelled and framed, the engine is told one thing, in one spelling. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dial, readToEnd, type Served, serve } from '../api/serve.ts';

const HEAD = 'POST /containers/create HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
const framed = (body: string, framing: 'length' | 'chunks'): string =>
  framing === 'length'
    ? `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
    : `Transfer-Encoding: chunked\r\n\r\n${[...body].map((letter) => `1\r\n${letter}\r\n`).join('')}0\r\n\r\n`;

async function send({ path }: Served, text: string): Promise<string> {
  const socket = dial(path);
  socket.end(`${HEAD}Connection: close\r\n${text}`);
  return (await readToEnd(socket)).toString('latin1');
}

/** What the engine was told to create. */
function created({ calls }: Served): Record<string, unknown>[] {
  return calls.filter(([verb]) => verb === 'create').map((call) => JSON.parse(JSON.stringify(call.slice(1))));
}

const spellings: readonly (readonly [what: string, body: string])[] = [
  ['as documented', '{"Image":"busybox","HostConfig":{"Privileged":true}}'],
  ['in small letters', '{"image":"busybox","hostconfig":{"privileged":true}}'],
  ['in capitals', '{"IMAGE":"busybox","HOSTCONFIG":{"PRIVILEGED":true}}'],
  ['with escapes', '{"Image":"busybox","Host\\u0043onfig":{"\\u0050rivileged":true}}'],
  [
    'twice, the last one counts',
    '{"Image":"busybox","HostConfig":{"Privileged":false},"HostConfig":{"Privileged":true}}',
  ],
  [
    'behind two megabytes',
    `{"Image":"busybox","x":"${'x'.repeat(2 << 20)}","HostConfig":{"Privileged":true}}`,
  ],
  ['between blanks', ' {\n"Image" : "busybox" ,\t"HostConfig":{"Privileged" : true }}\r\n'],
];

test('SC-HTTP-10: a privileged container is one in every spelling and framing', async () => {
  await using served = await serve();
  for (const [what, body] of spellings)
    for (const framing of ['length', 'chunks'] as const) {
      if (framing === 'chunks' && body.length > 1000) continue;
      assert.match(await send(served, framed(body, framing)), /^HTTP\/1\.1 201 /, what);
    }
  const [first, ...others] = created(served);
  assert.match(JSON.stringify(first), /"Privileged":true/);
  assert.equal(others.length, 12);
  for (const other of others) assert.deepEqual(other, first);
});

test('SC-HTTP-10: of two spellings of one member what is documented counts, wherever it stands', async () => {
  await using served = await serve();
  const documented = '"HostConfig":{"Privileged":false}';
  const other = '"hostconfig":{"Privileged":true}';
  for (const members of [`${documented},${other}`, `${other},${documented}`])
    assert.match(await send(served, framed(`{"Image":"busybox",${members}}`, 'length')), /^HTTP\/1\.1 201 /);
  const [first, second] = created(served);
  assert.deepEqual(first, second);
  assert.doesNotMatch(JSON.stringify(first), /"Privileged":true/);
});

test('SC-HTTP-10: a body that the head denies is no body', async () => {
  await using served = await serve();
  const body = '{"Image":"busybox"}';
  for (const framing of ['Content-Length: 0\r\n\r\n', '\r\n']) {
    const text = await send(served, `${framing}${body}`);
    assert.match(text, /^HTTP\/1\.1 400 /, framing);
  }
  assert.deepEqual(created(served), []);
});
