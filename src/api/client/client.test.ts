/** The command line's client against a server that behaves, and one that does not. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { type ApiClient, ApiFailure, connectTo } from './client.ts';

async function serve(t: TestContext, listener: RequestListener): Promise<ApiClient> {
  const dir = mkdtempSync(join(tmpdir(), 'gantry-client-'));
  const server = createServer(listener);
  server.listen(join(dir, 's'));
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
    rmSync(dir, { recursive: true });
  });
  return connectTo(`unix://${join(dir, 's')}`);
}
const done = Promise.resolve();

test('an archive is sent whole, with its query, and each message comes back', async (t) => {
  let got = '';
  const client = await serve(t, async (request, response) => {
    const body = Buffer.concat(await request.toArray());
    got = `${request.method} ${request.url} ${request.headers['content-type']} ${body}`;
    response.write('{"status":"Impor');
    response.end('ting"}\r\n{"status":"sha256:ü"}\n');
  });
  const seen: (string | undefined)[] = [];
  const archive = Readable.from([Buffer.from('ab'), Buffer.from('cd')]);
  for await (const { status } of client.importImage(
    archive,
    { repo: 'a/b', tag: undefined, changes: ['X 1', 'Y'] },
    done,
  ))
    seen.push(status);
  assert.equal(got, 'POST /images/create?repo=a%2Fb&changes=X+1&changes=Y&fromSrc=- application/x-tar abcd');
  assert.deepEqual(seen, ['Importing', 'sha256:ü']);
});

test("an archive whose maker fails breaks the request off: the engine never sees an archive's end", async (t) => {
  let whole: boolean | undefined;
  const arrived = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  const client = await serve(t, (request) => {
    request.once('data', () => arrived.resolve());
    request.once('close', () => {
      whole = request.complete;
      closed.resolve();
    });
  });
  const failed = arrived.promise.then(() => {
    throw new Error('maker failed');
  });
  failed.catch(() => undefined);
  const archive = Readable.from([Buffer.alloc(200_000)]);
  await assert.rejects(client.importImage(archive, {}, failed).next(), /maker failed/);
  await closed.promise;
  assert.equal(whole, false);
});

const failures: readonly [string, number, string, RegExp][] = [
  ['as JSON', 500, '{"message":"no space"}', /^no space$/],
  ['as text', 404, 'page not found\n', /^page not found$/],
  ['without words', 503, '', /^the engine answered 503$/],
  [
    'within the stream',
    200,
    '{"status":"x"}\n{"error":"bad tar","errorDetail":{"message":"bad tar"}}\n',
    /^bad tar$/,
  ],
];
for (const [how, status, body, message] of failures)
  test(`a failure told ${how} is thrown with its words`, async (t) => {
    const client = await serve(t, (request, response) => {
      request.resume();
      request.once('end', () => response.writeHead(status).end(body));
    });
    const read = async () => {
      for await (const _ of client.importImage(Readable.from(['x']), {}, done)) void _;
    };
    await assert.rejects(read, (error: Error) => error instanceof ApiFailure && message.test(error.message));
  });

test('where nothing listens the error names the place', async () =>
  assert.rejects(
    connectTo('unix:///nonexistent/s').version(),
    /no engine answers at unix:\/\/\/nonexistent\/s: .*ENOENT/,
  ));

for (const host of ['ssh://x', 'unix://relative', 'tcp://', 'nonsense'])
  test(`the host ${host} is refused`, () =>
    assert.throws(() => connectTo(host), /not unix:\/\/PATH or tcp:/));
