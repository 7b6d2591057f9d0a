/** Where the API listens, and how it ends. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createApi, listen } from '../../src/api/http/index.ts';
import { silentLog } from '../../src/base/log.ts';
import { fakeEngine } from './fake-engine.ts';
import { ask, dial, hasHead, post, readToEnd, readUntil, serve, until } from './serve.ts';

const newApi = () =>
  createApi({ engine: fakeEngine().engine, log: silentLog, version: { engineVersion: '0' } });

function place(): Disposable & { readonly path: string } {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-listen-'));
  return { path: join(directory, 's'), [Symbol.dispose]: () => rmSync(directory, { recursive: true }) };
}

test('a unix socket has the mode that was asked for, and goes with its listener', async () => {
  using at = place();
  const listener = await listen(newApi(), { kind: 'unix', path: at.path, group: '0', mode: 0o600 });
  assert.equal(statSync(at.path).mode & 0o777, 0o600);
  await listener.close();
  assert.equal(existsSync(at.path), false);
});

test('a unix socket is for owner and group by default', async () => {
  using at = place();
  const listener = await listen(newApi(), { kind: 'unix', path: at.path });
  assert.equal(statSync(at.path).mode & 0o777, 0o660);
  await listener.close();
});

test('a socket file that nobody answers is replaced', async () => {
  using at = place();
  // A process that ends without closing leaves the file: closing a handle that node did not make does so here.
  const { spawnSync } = await import('node:child_process');
  spawnSync(process.execPath, [
    '-e',
    `require('net').createServer().listen(${JSON.stringify(at.path)}, () => process.kill(process.pid, 'SIGKILL'))`,
  ]);
  assert.equal(existsSync(at.path), true);
  const listener = await listen(newApi(), { kind: 'unix', path: at.path });
  assert.equal((await ask(at.path, '/_ping')).status, 200);
  await listener.close();
});

test('a socket that another engine serves, and a file that is none, are clear errors', async () => {
  using at = place();
  const other = createServer().listen(at.path);
  await until(() => other.listening);
  await assert.rejects(listen(newApi(), { kind: 'unix', path: at.path }), {
    name: 'Conflict',
    message: /another engine is listening there/,
  });
  other.close();
  await until(() => !existsSync(at.path));
  writeFileSync(at.path, 'precious');
  await assert.rejects(listen(newApi(), { kind: 'unix', path: at.path }), {
    name: 'Conflict',
    message: /is no socket/,
  });
});

test('an unknown group is a clear error', async () => {
  using at = place();
  await assert.rejects(listen(newApi(), { kind: 'unix', path: at.path, group: 'no-such-group' }), {
    message: 'no such group: no-such-group',
  });
});

test('TCP on a free port, and a taken one is a clear error', async () => {
  const listener = await listen(newApi(), { kind: 'tcp', host: '127.0.0.1', port: 0 });
  const response = await fetch(`http://127.0.0.1:${listener.port}/_ping`);
  assert.equal(await response.text(), 'OK');
  await assert.rejects(listen(newApi(), { kind: 'tcp', host: '127.0.0.1', port: listener.port ?? 0 }), {
    message: /already in use/,
  });
  await listener.close();
});

test('closing ends streams and idle connections at once, and lets a running request end', async () => {
  await using served = await serve();
  const idle = dial(served.path);
  idle.write('GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n');
  await readUntil(idle, (bytes) => bytes.toString().endsWith('OK'));
  const events = dial(served.path);
  events.write('GET /events HTTP/1.1\r\nHost: x\r\n\r\n');
  await readUntil(events, hasHead);
  const attached = dial(served.path);
  attached.write('POST /containers/web/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\nHost: x\r\n\r\n');
  await readUntil(attached, hasHead);
  const wait = dial(served.path);
  wait.write('POST /v1.30/containers/web/wait HTTP/1.1\r\nHost: x\r\n\r\n');
  await readUntil(wait, hasHead);
  const gate = Promise.withResolvers<void>();
  served.gate = gate.promise;
  const renaming = post(served.path, '/containers/web/rename?name=new');
  await until(() => served.calls.at(-1)?.[0] === 'rename');
  const closed = served.close(5000);
  await Promise.all([readToEnd(idle), readToEnd(events), readToEnd(attached)]);
  attached.end();
  assert.equal(served.open.size, 0);
  // An exit code that is not one would be believed: the answer of a wait just ends.
  assert.doesNotMatch((await readToEnd(wait).catch(() => Buffer.alloc(0))).toString(), /StatusCode/);
  gate.resolve();
  assert.equal((await renaming).status, 204);
  await closed;
});

test('what does not end within the grace is cut off', async () => {
  await using served = await serve();
  served.gate = new Promise(() => undefined);
  const waiting = dial(served.path);
  waiting.write('POST /containers/web/rename?name=new HTTP/1.1\r\nHost: x\r\n\r\n');
  await until(() => served.calls.length === 1);
  await served.close(20);
  await readToEnd(waiting).catch(() => undefined);
  assert.equal(waiting.destroyed || waiting.readableEnded, true);
});
