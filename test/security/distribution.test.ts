/** Security cases SC-DIST: registries that lie, and who hears what. Registries are the test's own. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { FakeRegistry, type PutImage, refuse, sha256 } from '../harness/fake-registry.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { busyboxRootfs } from '../harness/image.ts';
import { file, tarOf } from '../harness/layered.ts';
import { makeCertificates } from '../harness/registry.ts';

let gantry: Gantry;
const ends: (() => Promise<void>)[] = [];
before(async () => {
  gantry = await startGantry({ after: (end) => void ends.push(end) }, { busybox: false });
});
after(() => Promise.all(ends.map((end) => end())));

const SECRET = 'hunter2-of-the-test';
const auth = (more: object = {}) => ({
  'X-Registry-Auth': Buffer.from(JSON.stringify({ username: 'ann', password: SECRET, ...more })).toString(
    'base64url',
  ),
});

interface Asking {
  readonly headers?: Record<string, string>;
  readonly engine?: Gantry;
}

/** What went wrong with a pull; undefined: nothing. */
async function pull(
  name: string,
  { headers = {}, engine = gantry }: Asking = {},
): Promise<string | undefined> {
  const at = name.includes('@') ? name.indexOf('@') : name.lastIndexOf(':');
  const query = new URLSearchParams({ fromImage: name.slice(0, at), tag: name.slice(at + 1) });
  const answer = await engine.api().post(`/images/create?${query}`, undefined, { headers });
  return errorIn(answer.status, answer.text);
}

async function push(name: string, headers: Record<string, string> = auth()): Promise<string | undefined> {
  const at = name.lastIndexOf(':');
  const answer = await gantry
    .api()
    .post(`/images/${name.slice(0, at)}/push?tag=${name.slice(at + 1)}`, undefined, { headers });
  return errorIn(answer.status, answer.text);
}

function errorIn(status: number, text: string): string | undefined {
  if (status !== 200) return `${status} ${text}`;
  return /"error":"((?:[^"\\]|\\.)*)"/.exec(text)?.[1];
}

const layers = (seed: string): Buffer[] => [
  tarOf([file('one', seed.repeat(2000))]),
  tarOf([file('two', `${seed}!`.repeat(1000))]),
];
const put = (registry: FakeRegistry, seed: string, more: Partial<PutImage> = {}) =>
  registry.putImage('app', 'v1', { layers: layers(seed), ...more });

/** No image, layer, blob or half of one is there. */
async function assertNothingKept(): Promise<void> {
  assert.deepEqual((await gantry.api().get('/images/json?all=1')).json(), []);
  for (const directory of ['l', 'staging', 'unfinished', 'content/blobs/sha256'])
    assert.deepEqual(readdirSync(join(gantry.dataRoot, directory)), [], directory);
}

async function removeAll(): Promise<void> {
  await gantry.api().post('/images/prune?filters={"dangling":["false"]}');
  await assertNothingKept();
}

const isBlob = (request: IncomingMessage, digest = ''): boolean =>
  request.method === 'GET' && (request.url ?? '').includes(`/blobs/${digest}`);

/** Whoever listens there hears it all, and answers nothing of use. */
async function listener(t: { after(end: () => Promise<void>): void }) {
  const registry = await FakeRegistry.start(t);
  const heard: string[] = [];
  registry.answering = async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    heard.push(`${request.method} ${request.url} ${JSON.stringify(request.headers)} ${body}`);
    refuse(response, 404, 'NAME_UNKNOWN');
    return true;
  };
  return { host: registry.host, heard };
}

function assertNoSecret(heard: readonly string[]): void {
  const basic = Buffer.from(`ann:${SECRET}`).toString('base64');
  for (const line of heard)
    assert.ok(!/authorization/i.test(line) && !line.includes(SECRET) && !line.includes(basic), line);
}

test('SC-DIST-01, RC-N04: a blob of other bytes than its digest says is refused, and nothing is kept', async (t) => {
  const registry = await FakeRegistry.start(t);
  const { manifest } = put(registry, 'one');
  for (const { digest, size } of [manifest.layers[1] ?? manifest.config, manifest.config]) {
    registry.answering = (request, response) => {
      if (!isBlob(request, digest)) return false;
      response.end(Buffer.alloc(size, 'x'));
      return true;
    };
    assert.match((await pull(`${registry.host}/app:v1`)) ?? '', /verification failed|digest/);
    await assertNothingKept();
  }
});

test('SC-DIST-02: a manifest of another digest than was asked for is refused, also when the tag is known', async (t) => {
  const registry = await FakeRegistry.start(t);
  put(registry, 'asked');
  assert.equal(await pull(`${registry.host}/app:v1`), undefined);
  const wanted = sha256('another one');
  const known = registry.manifests.get('app v1');
  registry.answering = (request, response) => {
    if (!request.url?.includes('/manifests/')) return false;
    response.writeHead(200, { 'content-type': known?.type, 'docker-content-digest': wanted });
    response.end(request.method === 'HEAD' ? undefined : known?.bytes);
    return true;
  };
  assert.match((await pull(`${registry.host}/app@${wanted}`)) ?? '', /digest/);
  const list = (await gantry.api().get('/images/json')).json<{ RepoDigests: string[] }[]>();
  assert.ok(!JSON.stringify(list).includes(wanted));
  await removeAll();
});

test('SC-DIST-03: a layer that unpacks to something else than the configuration says is refused', async (t) => {
  const registry = await FakeRegistry.start(t);
  const [bottom = Buffer.alloc(0)] = layers('three');
  const config = { rootfs: { type: 'layers', diff_ids: [sha256(bottom), sha256('something else')] } };
  put(registry, 'three', { config, travel: (layer) => gzipSync(layer) });
  assert.match((await pull(`${registry.host}/app:v1`)) ?? '', /layer is sha256:\S+, not sha256:/);
  await assertNothingKept();
});

const bodies: readonly (readonly [
  string,
  RegExp | undefined,
  (response: ServerResponse, bytes: Buffer) => void,
])[] = [
  [
    'longer than declared',
    /longer than the \d+ bytes/,
    (response, bytes) => response.end(Buffer.concat([bytes, bytes])),
  ],
  [
    'without an end',
    /longer than the \d+ bytes/,
    (response) => {
      const more = () =>
        void (response.destroyed || response.write(Buffer.alloc(4096), () => setImmediate(more)));
      more();
    },
  ],
  ['an error page', /unknown: no/, (response) => refuse(response, 500, 'UNKNOWN', 'no')],
];
for (const [what, words, answer] of bodies)
  test(`SC-DIST-04, RC-N04: a blob ${what} is refused, and nothing is kept`, async (t) => {
    const registry = await FakeRegistry.start(t);
    const { manifest } = put(registry, 'four');
    const { digest } = manifest.layers[0] ?? manifest.config;
    registry.answering = (request, response) => {
      if (!isBlob(request, digest)) return false;
      answer(response, registry.blobs.get(digest) ?? Buffer.alloc(0));
      return true;
    };
    assert.match((await pull(`${registry.host}/app:v1`)) ?? 'it came', words ?? /./);
    await assertNothingKept();
  });

test('SC-DIST-04, RC-N01: a blob that is cut off again and again comes piece by piece', async (t) => {
  const registry = await FakeRegistry.start(t);
  const { manifest } = put(registry, 'cut');
  const { digest, size } = manifest.layers[0] ?? manifest.config;
  let cuts = 0;
  registry.answering = (request, response) => {
    if (!isBlob(request, digest) || cuts >= 3) return false;
    cuts++;
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const bytes = registry.blobs.get(digest) ?? Buffer.alloc(0);
    response.writeHead(from > 0 ? 206 : 200, {
      'content-length': size - from,
      ...(from > 0 ? { 'content-range': `bytes ${from}-${size - 1}/${size}` } : {}),
    });
    response.write(bytes.subarray(from, from + Math.ceil(size / 5)), () => response.destroy());
    return true;
  };
  assert.equal(await pull(`${registry.host}/app:v1`), undefined);
  assert.equal(cuts, 3);
  await removeAll();
});

test('SC-DIST-05: a document that may be read in two ways is refused', async (t) => {
  const registry = await FakeRegistry.start(t);
  const { manifest } = put(registry, 'five');
  const index = 'application/vnd.oci.image.index.v1+json';
  const self = { mediaType: manifest.mediaType, ...registry.putBlob(Buffer.from('{}')) };
  const put2 = (document: object, type: string) =>
    registry.putManifest('app', 'v1', { type, bytes: Buffer.from(JSON.stringify(document)) });
  put2({ ...manifest, manifests: [self] }, manifest.mediaType);
  assert.ok(await pull(`${registry.host}/app:v1`), 'both in one');
  put2(manifest, index);
  assert.ok(await pull(`${registry.host}/app:v1`), 'an image that is served as an index');
  put2({ schemaVersion: 2, mediaType: index, manifests: [] }, manifest.mediaType);
  assert.ok(await pull(`${registry.host}/app:v1`), 'an index that is served as an image');
  await assertNothingKept();
});

test('SC-DIST-06: documents of schema 1 are refused with a word that says so', async (t) => {
  const registry = await FakeRegistry.start(t);
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 1,
      name: 'app',
      tag: 'v1',
      fsLayers: [{ blobSum: '../../../../etc/passwd' }, { blobSum: sha256('x') }],
      history: [{ v1Compatibility: '{"id":"../../x"}' }],
    }),
  );
  for (const type of [
    'application/vnd.docker.distribution.manifest.v1+json',
    'application/vnd.docker.distribution.manifest.v1+prettyjws',
  ]) {
    registry.putManifest('app', 'v1', { type, bytes });
    assert.match((await pull(`${registry.host}/app:v1`)) ?? '', /schema ?1|schema version 1|v1/i);
  }
  assert.equal(registry.count('GET', /\/blobs\//), 0);
  await assertNothingKept();
});

test('SC-DIST-07: a token server that nobody approved gets no password', async (t) => {
  const [registry, other] = [await FakeRegistry.start(t), await listener(t)];
  put(registry, 'seven');
  registry.answering = (_request, response) => {
    // Another name of this machine: who it leads to is nobody's guess.
    const realm = `Bearer realm="http://${other.host.replace('127.0.0.1', 'localhost')}/token",service="x",scope="repository:app:pull"`;
    response.writeHead(401, { 'www-authenticate': realm });
    response.end('{}');
    return true;
  };
  for (const headers of [auth(), auth({ password: '', identitytoken: SECRET })])
    assert.match((await pull(`${registry.host}/app:v1`, { headers })) ?? '', /somebody else: refused/);
  assertNoSecret(other.heard);
});

test('SC-DIST-08: where a registry sends us hears no credentials, and a circle of such is left', async (t) => {
  const [registry, other] = [await FakeRegistry.start(t), await FakeRegistry.start(t)];
  const { manifest } = put(registry, 'eight');
  const heard: string[] = [];
  for (const [digest, bytes] of registry.blobs) other.blobs.set(digest, bytes);
  other.answering = (request) => {
    heard.push(`${request.url} ${JSON.stringify(request.headers)}`);
    return false;
  };
  let circle = false;
  registry.answering = (request, response) => {
    if (request.headers.authorization === undefined) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="here"' }).end('{}');
      return true;
    }
    if (!isBlob(request)) return false;
    response.writeHead(307, { location: circle ? request.url : `http://${other.host}${request.url}` }).end();
    return true;
  };
  assert.equal(await pull(`${registry.host}/app:v1`, { headers: auth() }), undefined);
  assert.equal(heard.length, manifest.layers.length + 1);
  assertNoSecret(heard);
  await removeAll();
  circle = true;
  assert.match((await pull(`${registry.host}/app:v1`, { headers: auth() })) ?? '', /more than 10 redirects/);
  await assertNothingKept();
});

test('SC-DIST-09: addresses in a manifest are asked for nothing', async (t) => {
  const [registry, other] = [await FakeRegistry.start(t), await listener(t)];
  const urls = [`http://${other.host}/layer`, 'file:///etc/passwd'];
  put(registry, 'nine', {
    manifest: (m) => ({
      ...m,
      layers: m.layers.map((layer) => ({
        ...layer,
        mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
        urls,
      })),
    }),
  });
  for (const digest of layers('nine').map((layer) => sha256(layer))) registry.blobs.delete(digest);
  assert.ok(await pull(`${registry.host}/app:v1`, { headers: auth() }));
  assert.deepEqual(other.heard, []);
  await assertNothingKept();
});

test('SC-DIST-10: a mirror hears no credentials of the registry that it mirrors', async (t) => {
  const mirror = await FakeRegistry.start(t);
  mirror.putImage('ann/app', 'v1', { layers: layers('ten') });
  const heard: string[] = [];
  mirror.answering = (request, response) => {
    heard.push(`${request.method} ${request.url} ${JSON.stringify(request.headers)}`);
    if (!request.url?.endsWith('/v2/')) return false;
    // It asks for them, too.
    response.writeHead(401, { 'www-authenticate': 'Basic realm="mirror"' }).end('{}');
    return true;
  };
  const args = ['--registry-mirror', `http://${mirror.host}`];
  const engine = await startGantry(t, { busybox: false, args });
  assert.equal(await pull('ann/app:v1', { headers: auth(), engine }), undefined);
  assert.ok(mirror.count('GET', /\/blobs\//) >= 3, 'it came from the mirror');
  assertNoSecret(heard);
});

test('SC-DIST-11: a token is shown for the repository that it was given for, and no other', async (t) => {
  const registry = await FakeRegistry.start(t);
  for (const name of ['app', 'other']) registry.putImage(name, 'v1', { layers: layers(name) });
  const shown: string[] = [];
  registry.answering = (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://x');
    if (pathname === '/token') {
      response.end(
        JSON.stringify({ token: Buffer.from(String(searchParams.get('scope'))).toString('base64') }),
      );
      return true;
    }
    const repository = /^\/v2\/([^/]+)\//.exec(pathname)?.[1] ?? '';
    const given = /^Bearer (.*)$/.exec(request.headers.authorization ?? '')?.[1];
    if (given === undefined) {
      const scope = repository ? `,scope="repository:${repository}:pull"` : '';
      const challenge = `Bearer realm="http://${registry.host}/token",service="x"${scope}`;
      response.writeHead(401, { 'www-authenticate': challenge }).end('{}');
      return true;
    }
    shown.push(`${repository} ${Buffer.from(given, 'base64').toString()}`);
    return false;
  };
  for (const name of ['app', 'other'])
    assert.equal(await pull(`${registry.host}/${name}:v1`, { headers: auth() }), undefined);
  const of = (name: string) => shown.filter((each) => each.startsWith(`${name} `));
  assert.ok(of('app').length > 0 && of('other').length > 0, shown.join('\n'));
  for (const each of of('other')) assert.ok(!each.includes('repository:app:'), each);
  for (const each of of('app')) assert.ok(!each.includes('repository:other:'), each);
  await removeAll();
});

for (const [what, header] of [
  ['no base64', '!!! not base64 !!!'],
  ['no JSON', Buffer.from('not json').toString('base64url')],
  ['a list', Buffer.from('["ann","x"]').toString('base64url')],
  ['a number for a name', Buffer.from('{"username":5}').toString('base64url')],
  ['a line end in the name', auth({ username: 'ann\r\nX-Forged: 1' })['X-Registry-Auth']],
  ['a line end in the password', auth({ password: 'x\nX-Forged: 1' })['X-Registry-Auth']],
] as const)
  test(`SC-DIST-12: X-Registry-Auth with ${what} forges nothing, and a push with it is refused`, async (t) => {
    const registry = await listener(t);
    const said = await push(`${registry.host}/app:v1`, { 'X-Registry-Auth': header });
    assert.match(said ?? '', /^400 .*X-Registry-Auth/);
    await pull(`${registry.host}/app:v1`, { headers: { 'X-Registry-Auth': header } });
    for (const line of registry.heard) assert.ok(!/forged/i.test(line), line);
  });

test('SC-DIST-12: credentials of ten megabytes are refused, and the engine goes on', async (t) => {
  const registry = await listener(t);
  const answer = await gantry
    .api()
    .post(`/images/create?fromImage=${registry.host}/app&tag=v1`, undefined, {
      headers: { 'X-Registry-Auth': 'A'.repeat(10 << 20) },
    })
    .catch(() => undefined);
  assert.ok(answer === undefined || answer.status >= 400, `${answer?.status}`);
  assert.equal((await gantry.api().get('/_ping')).status, 200);
});

test('SC-DIST-13: without TLS, or with a certificate that nobody vouches for, no password and no request goes out', async (t) => {
  const outside = Object.values(networkInterfaces())
    .flat()
    .find((each) => each?.family === 'IPv4' && !each.internal)?.address;
  // No name of loopback by what is written, and so not to be spoken to without TLS; it leads to 127.0.0.1 all the same.
  const names = ['127.1', '0x7f.1', ...(outside === undefined ? [] : [outside])];
  const home = mkdtempSync(join(tmpdir(), 'gantry-tls-'));
  t.after(() => rmSync(home, { recursive: true }));
  const { certificate, key } = makeCertificates(home);
  const heard: string[] = [];
  const hear = (request: IncomingMessage, response: ServerResponse): void => {
    heard.push(`${request.method} ${request.url} ${JSON.stringify(request.headers)}`);
    response.end('{}');
  };
  const plain = createServer(hear);
  const secured = createSecureServer({ key: readFileSync(key), cert: readFileSync(certificate) }, hear);
  for (const server of [plain, secured]) {
    await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
    t.after(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    const { port } = server.address() as AddressInfo;
    for (const name of names) {
      const said = (await pull(`${name}:${port}/app:v1`, { headers: auth() })) ?? '';
      assert.match(said, /server gave HTTP response to HTTPS client|certificate/, name);
    }
  }
  assert.deepEqual(heard, []);
  // Both are there, and answer who is told that they may be plain.
  const address = plain.address() as AddressInfo;
  await pull(`127.0.0.1:${address.port}/app:v1`);
  assert.ok(heard.length > 0);
});

for (const name of [
  'app#x',
  'a b',
  'a\\b',
  'a%2fb',
  'user@host/app',
  '[::1',
  'http://x/app',
  '../app',
  'a//b',
])
  test(`SC-DIST-14: ${JSON.stringify(name)} is no name that a registry is asked for`, async (t) => {
    const registry = await listener(t);
    const said = await pull(`${registry.host}/${name}:v1`);
    assert.match(said ?? '', /^400 .*invalid reference format/);
    assert.deepEqual(registry.heard, []);
  });

test('SC-DIST-14: an error does not show the page that was found instead of a registry', async (t) => {
  const registry = await FakeRegistry.start(t);
  for (const status of [200, 403, 404, 500]) {
    registry.answering = (_request, response) => {
      response.writeHead(status, { 'content-type': 'text/html' });
      response.end('<html>inner page of somebody else</html>');
      return true;
    };
    const said = (await pull(`${registry.host}/app:v1`)) ?? '';
    assert.ok(said !== '' && !said.includes('inner page'), said);
  }
});

test('SC-DIST-15: an upload goes nowhere else with credentials, and a digest that is not ours is no success', async (t) => {
  const [registry, other] = [await FakeRegistry.start(t), await listener(t)];
  put(registry, 'fifteen');
  assert.equal(await pull(`${registry.host}/app:v1`), undefined);
  await gantry.dockerOk('tag', `${registry.host}/app:v1`, `${registry.host}/away:v1`);
  registry.blobs.clear(); // they vanish meanwhile, so that they are to be uploaded
  registry.answering = (request, response) => {
    if (request.headers.authorization === undefined) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="here"' }).end('{}');
      return true;
    }
    if (request.method !== 'POST') return false;
    response.writeHead(202, { location: `http://${other.host}/upload` }).end();
    return true;
  };
  assert.ok(await push(`${registry.host}/away:v1`));
  assertNoSecret(other.heard);
  registry.answering = async (request, response) => {
    if (request.method !== 'PUT' || !request.url?.includes('/manifests/')) return false;
    await request.toArray();
    response.writeHead(201, { 'docker-content-digest': sha256('something else') }).end();
    return true;
  };
  assert.match((await push(`${registry.host}/away:v1`)) ?? '', /the registry stored manifest/);
  await removeAll();
});

test('SC-DIST-16: search and login keep passwords to themselves and read no endless answer', async (t) => {
  const registry = await FakeRegistry.start(t);
  registry.answering = (request, response) => {
    if (request.url?.startsWith('/v2/') && !request.url.includes('_catalog')) return false;
    const results = JSON.stringify({ results: [{ name: 'x'.repeat(3 << 20) }] });
    response.writeHead(200, { 'content-type': 'application/json' }).end(results);
    return true;
  };
  const found = await gantry.api().get(`/images/search?term=${registry.host}/x`, { headers: auth() });
  assert.ok(found.status >= 400, `${found.status}`);
  assert.ok(found.text.length < 10_000 && !found.text.includes(SECRET), found.text.slice(0, 500));
  for (const serveraddress of [
    'http://',
    `${registry.host}\r\nX: y`,
    'a b',
    `${'x'.repeat(5000)}`,
    'file:///etc/passwd',
  ]) {
    const answer = await gantry.api().post('/auth', { username: 'ann', password: SECRET, serveraddress });
    assert.ok(answer.status >= 400 && answer.status < 600, `${serveraddress.slice(0, 40)}: ${answer.status}`);
    assert.ok(!answer.text.includes(SECRET), answer.text);
  }
  for (const term of ['%0d%0aX-Forged:1', '..%2f..%2f', '%00', 'x'.repeat(4000)]) {
    const answer = await gantry.api().get(`/images/search?term=${registry.host}/${term}`);
    assert.ok(answer.status >= 200 && answer.text.length < 10_000, `${answer.status}`);
  }
  assert.equal((await gantry.api().get('/_ping')).status, 200);
});

/** A hundred in the words of the case: GANTRY_PRUNE_ROUNDS=100. */
const PRUNE_ROUNDS = Number(process.env.GANTRY_PRUNE_ROUNDS ?? 20);

test('SC-DIST-17, RC-N06: what is being pulled is safe from prunes, and runs', async (t) => {
  const registry = await FakeRegistry.start(t);
  const rootfs = readFileSync(busyboxRootfs());
  for (let round = 0; round < PRUNE_ROUNDS; round++) {
    registry.putImage('app', `v${round}`, { layers: [tarOf([file('first', `round ${round}`)]), rootfs] });
    let prunes = 0;
    let over = false;
    // Each blob comes when another prune has been at it.
    registry.answering = async (request) => {
      if (!isBlob(request)) return false;
      const before = prunes;
      while (prunes < before + 2) await new Promise((resolve) => setTimeout(resolve, 5));
      return false;
    };
    const pulling = pull(`${registry.host}/app:v${round}`).finally(() => (over = true));
    while (!over) {
      await gantry.api().post('/images/prune');
      prunes++;
    }
    assert.equal(await pulling, undefined);
    const ran = ['run', '--rm', '--network', 'none', `${registry.host}/app:v${round}`, 'cat', '/first'];
    assert.equal(await gantry.dockerOk(...ran), `round ${round}`);
  }
  await removeAll();
});
