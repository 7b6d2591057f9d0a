/** Files and contexts from a web server on loopback that means well, and from one that does not. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Digest } from '../../../formats/digest.ts';
import { tarEnd, tarEntry, tarHeader } from '../../../formats/tar/writer.ts';
import type { Progress } from '../../../model/progress.ts';
import { Registries } from '../../../registry/index.ts';
import type { Storage } from '../../../storage/index.ts';
import { type DownloadFileOptions, downloadTo } from './download.ts';
import { openRemote } from './open.ts';

const HOME = mkdtempSync(join(tmpdir(), 'gantry-download-'));
const registries = new Registries({ mirrors: [], insecure: [], certificates: [] });
const download = (url: URL, signal: AbortSignal) => registries.download(url, signal);
const { signal } = new AbortController();
const DOCKERFILE = 'FROM scratch\n';
const TAR = Buffer.concat([tarHeader(tarEntry({ path: 'Dockerfile', size: 0 })), tarEnd()]);

const plain =
  (body: string | Buffer, headers: Readonly<Record<string, string>> = {}): RequestListener =>
  (_request, response) =>
    void response.writeHead(200, headers).end(body);
const to =
  (where: string): RequestListener =>
  (_request, response) =>
    void response.writeHead(302, { Location: where }).end();

const pages: Readonly<Record<string, RequestListener>> = {
  '/f': plain('hello', { 'Content-Length': '5', 'Last-Modified': 'Wed, 21 Oct 2015 07:28:00 GMT' }),
  '/never': plain('', { 'Last-Modified': 'never' }),
  '/named': plain('x', { 'Content-Disposition': 'attachment; filename="../../evil"' }),
  '/loop': to('/loop'),
  '/away': to('/elsewhere/other-name'),
  '/elsewhere/other-name': plain('moved'),
  '/to-file': to('file:///etc/passwd'),
  '/to-socket': to('unix:///run/docker.sock'),
  '/endless': (_request, response) => {
    response.writeHead(200);
    const chunk = Buffer.alloc(1 << 16);
    const more = () => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on('drain', more);
    more();
  },
  '/torn': (_request, response) => {
    response.writeHead(200, { 'Content-Length': '100' });
    response.write('abc', () => response.destroy());
  },
  '/Dockerfile': plain(DOCKERFILE),
  '/Dockerfile-text': plain(DOCKERFILE, { 'Content-Type': 'text/plain; charset=utf-8' }),
  '/Dockerfile-octets': plain(DOCKERFILE, { 'Content-Type': 'application/octet-stream' }),
  '/a.tar': plain(TAR, { 'Content-Type': 'application/octet-stream' }),
  '/a.tgz': plain(gzipSync(TAR), { 'Content-Type': 'text/plain' }),
  '/a-typed': plain(TAR, { 'Content-Type': 'application/x-tar' }),
  '/page': plain('<html>', { 'Content-Type': 'text/html' }),
  '/binary': plain('a\0b', { 'Content-Type': 'application/octet-stream' }),
  '/empty': plain(''),
  '/long': plain('#'.repeat(2 << 20), { 'Content-Type': 'text/plain' }),
};

let server: Server;
let base = '';
const asked: string[] = [];

before(async () => {
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const page = pages[new URL(request.url ?? '', 'http://x').pathname];
    if (page) page(request, response);
    else response.writeHead(404).end('a page that nobody should be shown');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(async () => {
  server.close();
  server.closeAllConnections();
  await registries.close();
  rmSync(HOME, { recursive: true });
});

let count = 0;
const bring = (path: string, more: Partial<DownloadFileOptions> = {}) => {
  const file = join(HOME, `f${++count}`);
  const options = { download, checksum: undefined, say: () => undefined, signal, ...more };
  return downloadTo(file, new URL(base + path), options);
};

test('a file comes with its digest, its time and a mode for its owner alone', async () => {
  const said: Progress[] = [];
  const found = await bring('/f', { say: (message) => void said.push(message) });
  assert.equal(readFileSync(found.path, 'utf8'), 'hello');
  assert.equal(statSync(found.path).mode & 0o777, 0o600);
  const digest = `sha256:${createHash('sha256').update('hello').digest('hex')}`;
  assert.deepEqual(
    { ...found, path: '' },
    { path: '', name: 'f', mtimeNanos: 1445412480n * 10n ** 9n, digest },
  );
  assert.deepEqual(said, [{ status: 'Downloading', progressDetail: { current: 5, total: 5 } }]);
  assert.equal((await bring('/never')).mtimeNanos, 0n);
});

test('SC-BLD-06: the address that was asked for names the file, whatever the server says', async () => {
  assert.equal((await bring('/named')).name, 'named');
  const moved = await bring('/away');
  assert.deepEqual([moved.name, readFileSync(moved.path, 'utf8')], ['away', 'moved']);
});

for (const [address, name] of [
  ['http://h/a/b.tar?x#y', 'b.tar'],
  ['http://h/', undefined],
  ['http://h/a/', undefined],
  ['http://h/a%2Fb', 'b'],
  ['http://h/..%2f..%2fetc', 'etc'],
  ['http://h/a%2f%2e%2e', undefined],
  ['http://h/%2e', undefined],
  ['http://h/a%00b', undefined],
  ['http://h/%C3%BC%ff', '\u00c3\u00bc\u00ff'],
  ['http://h/100%', '100%'],
] as const)
  test(`${address} names ${name}`, async () => {
    const anything = async () => ({
      ...{ from: address, bytes: 0, body: Readable.from([]), header: () => undefined },
      [Symbol.asyncDispose]: async () => undefined,
    });
    const options = { download: anything, checksum: undefined, say: () => undefined, signal };
    assert.equal((await downloadTo(join(HOME, `f${++count}`), new URL(address), options)).name, name);
  });

test('a checksum is held to', async () => {
  const digest = `sha256:${createHash('sha256').update('hello').digest('hex')}` as Digest;
  assert.equal((await bring('/f', { checksum: digest })).digest, digest);
  const wanted = `sha256:${'0'.repeat(64)}` as Digest;
  await assert.rejects(bring('/f', { checksum: wanted }), {
    code: 'build.checksumDiffers',
    message: `digest mismatch for ${base}/f: expected ${wanted}, got ${digest}`,
  });
});

test('SC-BLD-06: a body beyond the limit is broken off, announced or not', async () => {
  await assert.rejects(bring('/f', { bytesMax: 4 }), { code: 'build.downloadTooLarge' });
  await assert.rejects(bring('/endless', { bytesMax: 1 << 20 }), { code: 'build.downloadTooLarge' });
});

test('SC-BLD-06: what is not there, is torn or leads elsewhere fails, and no page is shown', async () => {
  await assert.rejects(bring('/nothing'), {
    kind: 'notFound',
    message: `failed to GET ${base}/nothing with status 404 Not Found`,
  });
  await assert.rejects(bring('/torn'), { code: 'image.downloadFailed' });
  await assert.rejects(bring('/to-file'), { message: /redirects to file:\/\/: refused/ });
  await assert.rejects(bring('/to-socket'), { message: /redirects to unix:\/\/: refused/ });
  asked.length = 0;
  await assert.rejects(bring('/loop'), { message: /more than 10 redirects/ });
  assert.equal(asked.length, 11);
  const file = new URL('file:///etc/passwd');
  const options = { download, checksum: undefined, say: () => undefined, signal };
  await assert.rejects(downloadTo(join(HOME, 'p'), file, options), {
    message: /unsupported protocol scheme "file"/,
  });
  assert.equal(existsSync(join(HOME, 'p')), false);
});

const storage: Pick<Storage, 'scratch' | 'files'> = {
  scratch: () => Promise.reject(new Error('nothing needs a place')),
  files: {} as Storage['files'],
};
const opened = (path: string) =>
  openRemote(base + path, { storage, download, proxies: undefined }, { say: () => undefined, signal });

for (const path of ['/Dockerfile', '/Dockerfile-text', '/Dockerfile-octets'])
  test(`${path} is a Dockerfile alone`, async () => {
    await using context = await opened(path);
    assert.equal(context.dockerfile?.()?.toString(), DOCKERFILE);
    assert.equal((await buffer(context.bytes)).length, 0);
  });

for (const [path, bytes] of [
  ['/a.tar', TAR],
  ['/a-typed', TAR],
  ['/a.tgz', gzipSync(TAR)],
] as const)
  test(`${path} is an archive`, async () => {
    await using context = await opened(path);
    assert.equal(context.dockerfile, undefined);
    assert.deepEqual(await buffer(context.bytes), bytes);
  });

test('a context that is not read is let go', async () => {
  const context = await opened('/a.tar');
  await context[Symbol.asyncDispose]();
  assert.equal(context.bytes.destroyed, true);
});

for (const [path, code] of [
  ['/page', 'build.contextUnsupported'],
  ['/binary', 'build.contextUnsupported'],
  ['/empty', 'build.contextEmpty'],
  ['/long', 'build.downloadTooLarge'],
] as const)
  test(`${path} is no context`, async () => {
    await assert.rejects(opened(path), { code, kind: 'invalid' });
  });
