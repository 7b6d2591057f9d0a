/** Imports from the web, by a small server of the test. */
import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { Progress } from '../../model/progress.ts';
import { file, leftovers, sha, type TestImages, tarOf, testImages } from './test-host.ts';

const rootfs = tarOf(file('etc/hosts', 'localhost'), file('big', 'x'.repeat(2_000_000)));

async function serving(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function importFrom(t: TestContext, { images }: TestImages, url: string): Promise<Progress[]> {
  const options = {
    repo: 'imported',
    tag: undefined,
    message: 'm',
    changes: [],
    platform: undefined,
    signal: t.signal,
  };
  const told: Progress[] = [];
  for await (const message of images.importRootfs(new URL(url), options)) told.push(message);
  return told;
}

test('an archive from the web becomes an image, told as it comes', async (t) => {
  const host = await testImages(t);
  const base = await serving(t, (request, response) => {
    if (request.url === '/moved') return void response.writeHead(302, { location: '/rootfs.tar' }).end();
    response.writeHead(200, { 'content-length': rootfs.length }).end(rootfs);
  });
  for (const path of ['/rootfs.tar', '/moved']) {
    const told = await importFrom(t, host, base + path);
    assert.equal(told[0]?.status, `Downloading from ${base}${path}`);
    assert.deepEqual(told.at(-2), {
      status: 'Importing',
      progressDetail: { current: rootfs.length, total: rootfs.length },
    });
    const { Id, RootFS } = await host.images.inspect('imported');
    assert.equal(told.at(-1)?.status, Id);
    assert.deepEqual(RootFS.Layers, [`sha256:${sha(rootfs)}`]);
  }
});

test('credentials of an address are shown to its host and to nobody else', async (t) => {
  const host = await testImages(t);
  const shown: (string | undefined)[] = [];
  const other = await serving(t, (request, response) => {
    shown.push(request.headers.authorization);
    response.end(rootfs);
  });
  const base = await serving(t, (request, response) => {
    shown.push(request.headers.authorization);
    response.writeHead(307, { location: other }).end();
  });
  const told = await importFrom(t, host, base.replace('http://', 'http://me:se%20cret@'));
  assert.deepEqual(shown, [`Basic ${Buffer.from('me:se cret').toString('base64')}`, undefined]);
  assert.equal(told[0]?.status, `Downloading from ${base}/`);
});

const wrong: readonly (readonly [string, RequestListener, { name: string; message: RegExp }])[] = [
  [
    'a page that is not there',
    (_, response) => void response.writeHead(404).end('a secret page'),
    { name: 'NotFound', message: /^failed to GET http:\/\/\S+ with status 404 Not Found$/ },
  ],
  [
    'a server in trouble',
    (_, response) => void response.writeHead(500).end('a secret page'),
    { name: 'Failed', message: /with status 500 Internal Server Error$/ },
  ],
  ...['file:///etc/passwd', 'unix:///run/x.sock', 'ftp://127.0.0.1/x'].map(
    (location) =>
      [
        `a redirection to ${location}`,
        (_: unknown, response: Parameters<RequestListener>[1]) =>
          void response.writeHead(302, { location }).end(),
        { name: 'Failed', message: /refused$/ },
      ] as const,
  ),
  [
    'redirections without end',
    (_, response) => void response.writeHead(302, { location: '/again' }).end(),
    { name: 'Failed', message: /more than 10 redirects/ },
  ],
  [
    'an archive that is cut off',
    (_, response) => {
      response.writeHead(200, { 'content-length': rootfs.length });
      response.write(rootfs.subarray(0, 100_000), () => response.destroy());
    },
    { name: 'InvalidArgument', message: /downloading from http:\S+: other side closed$/ },
  ],
  [
    'a page that is no archive',
    (_, response) => void response.end('<html>'.repeat(1000)),
    { name: 'InvalidArgument', message: /tar header/ },
  ],
];
for (const [name, listener, expected] of wrong)
  test(`an import from ${name} fails and leaves nothing`, async (t) => {
    const host = await testImages(t);
    await assert.rejects(importFrom(t, host, await serving(t, listener)), expected);
    assert.deepEqual(leftovers(host), []);
    assert.deepEqual(await host.images.list({ all: true, filters: new Map(), sharedSize: false }), []);
  });

test('an import from a file, a socket or nowhere is refused', async (t) => {
  const host = await testImages(t);
  for (const url of ['file:///etc/passwd', 'unix:///run/docker.sock', 'data:text/plain,x'])
    await assert.rejects(importFrom(t, host, url), {
      name: 'InvalidArgument',
      message: /unsupported protocol scheme/,
    });
  await assert.rejects(importFrom(t, host, 'http://127.0.0.1:1/x'), { message: /connection refused/ });
});
