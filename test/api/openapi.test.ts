/** The API shows each of its versions as an OpenAPI document. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, post, serve } from './serve.ts';

interface Document {
  readonly info: { readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, object>>>>;
}

for (const [path, version] of [
  ['/v1.0/openapi.json', '1.0'],
  ['/v1.24/openapi.json', '1.24'],
  ['/openapi.json', '1.55'],
  ['/v1.99/openapi.json', '1.55'],
] as const)
  test(`${path} shows the API of ${version}`, async () => {
    await using served = await serve();
    const { status, headers, text } = await ask(served.path, path);
    assert.deepEqual([status, headers['content-type']], [200, 'application/json']);
    const { info, paths } = JSON.parse(text) as Document;
    assert.equal(info.version, version);
    assert.ok(paths['/containers/json']?.get);
    assert.equal(paths['/openapi.json'], undefined, 'it is none of Docker’s');
  });

for (const [path, text] of [
  ['/openapi.json', '{"message":"page not found"}\n'],
  ['/v1.23/openapi.json', '404 page not found\n'],
] as const)
  test(`${path} is no page where documents are switched off`, async () => {
    await using served = await serve({ openApi: false });
    const reply = await ask(served.path, path);
    assert.deepEqual([reply.status, reply.text], [404, text]);
  });

test('nothing else is done with a document than reading it', async () => {
  await using served = await serve();
  assert.equal((await post(served.path, '/openapi.json')).status, 404);
});
