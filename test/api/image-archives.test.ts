/** Images as archives over the wire, in the words of each version. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, post, serve } from './serve.ts';

const arm = encodeURIComponent('{"os":"linux","architecture":"arm64","variant":"v8"}');
const amd = encodeURIComponent('{"os":"linux","architecture":"amd64"}');

test('images are saved by name, slashes and all, or several at once', async () => {
  await using served = await serve();
  for (const [path, names] of [
    ['/v1.7/images/localhost:5000/a/b:1/get', ['localhost:5000/a/b:1']],
    ['/images/busybox/get', ['busybox']],
    ['/v1.15/images/get?names=one&names=two%3A1', ['one', 'two:1']],
  ] as const) {
    const { status, headers, text } = await ask(served.path, path);
    assert.deepEqual([status, headers['content-type'], text], [200, 'application/x-tar', 'an archive']);
    assert.deepEqual(served.calls.at(-1), ['save', names, []]);
  }
});

test('a name that is not there is told before any byte', async () => {
  await using served = await serve();
  const { status, text } = await ask(served.path, '/images/missing/get');
  assert.deepEqual([status, JSON.parse(text)], [404, { message: 'No such image: missing:latest' }]);
});

test('one platform may be asked for from 1.48, several from 1.52', async () => {
  await using served = await serve();
  const platforms = async (version: string, query: string) => {
    const { status, text } = await ask(served.path, `/v${version}/images/get?names=a&${query}`);
    return status === 200 ? served.calls.at(-1)?.[2] : [status, (JSON.parse(text) as Error).message];
  };
  const [arm64, amd64] = ['arm64', 'amd64'].map((architecture) => ({
    os: 'linux',
    architecture,
    variant: '',
  }));
  assert.deepEqual(await platforms('1.47', `platform=${arm}`), []);
  assert.deepEqual(await platforms('1.48', `platform=${arm}`), [arm64]);
  const both = `platform=${arm}&platform=${amd}`;
  assert.deepEqual(await platforms('1.52', both), [arm64, amd64]);
  assert.deepEqual(await platforms('1.51', both), [
    400,
    'multiple platform parameters are not supported in this API version; use API version 1.52 or later',
  ]);
  const half = encodeURIComponent('{"os":"linux"}');
  assert.deepEqual(await platforms('1.48', `platform=${half}`), [
    400,
    'both OS and Architecture must be provided',
  ]);
  assert.equal(((await platforms('1.48', 'platform=linux')) as [number])[0], 400);
});

test('load tells what it does from 1.23; before, an empty answer says that it is done', async () => {
  await using served = await serve();
  for (const [version, text] of [
    ['1.22', ''],
    ['1.7', ''],
    ['1.23', '{"status":"3 bytes"}\n'],
  ] as const) {
    const loaded = await post(served.path, `/v${version}/images/load`, { body: 'tar' });
    assert.deepEqual([loaded.status, loaded.text], [200, text], version);
  }
});

test('an import comes from where its source says; what is kept of the source has no password', async () => {
  await using served = await serve();
  for (const [source, url, message] of [
    ['example.org/a.tar', 'http://example.org/a.tar', 'Imported from example.org/a.tar'],
    [
      'https://me:secret@example.org/a',
      'https://me:secret@example.org/a',
      'Imported from https://example.org/a',
    ],
    ['me:secret@example.org/a@b', 'http://me:secret@example.org/a@b', 'Imported from example.org/a@b'],
    ['file:///etc/passwd', 'file:///etc/passwd', 'Imported from file:///etc/passwd'],
  ] as const) {
    const asked = await post(served.path, `/images/create?fromSrc=${encodeURIComponent(source)}&repo=a`);
    assert.equal(asked.status, 200);
    const [, options, from] = served.calls.at(-1) ?? [];
    assert.deepEqual([from, (options as { message: string }).message], [url, message]);
  }
  assert.equal((await post(served.path, '/images/create?fromSrc=http%3A%2F%2F%5B')).status, 400);
  assert.equal((await post(served.path, '/images/create')).status, 400);
});
