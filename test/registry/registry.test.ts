/** Pull, push and login against Debian's docker-registry, by the docker command line and by the API. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import {
  request as ask,
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { freePort, makeCertificates, type Registry, startRegistry } from '../harness/registry.ts';

/** `secret`, by bcrypt. */
const SECRET_BCRYPT = '$2b$04$z2JZ/sqBhCI2LK31fRvgPu3LYNPO1.bWJUbUjixO725xL3DFckf0W';

const auth = (given: object): Record<string, string> => ({
  'X-Registry-Auth': Buffer.from(JSON.stringify(given)).toString('base64url'),
});

interface Message {
  readonly status?: string;
  readonly id?: string;
  readonly error?: string;
  readonly aux?: { readonly Digest: string };
}

async function messages(
  gantry: Gantry,
  path: string,
  headers: Record<string, string> = {},
): Promise<Message[]> {
  const answer = await gantry.api().post(path, undefined, { headers });
  if (answer.status !== 200) return [{ error: `${answer.status} ${answer.text.trim()}` }];
  return answer.text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Message);
}
const pull = (gantry: Gantry, name: string, tag?: string, headers?: Record<string, string>) =>
  messages(
    gantry,
    `/images/create?fromImage=${encodeURIComponent(name)}${tag ? `&tag=${tag}` : ''}`,
    headers,
  );
const push = (gantry: Gantry, name: string, tag: string, headers: Record<string, string> = auth({})) =>
  messages(gantry, `/images/${name}/push?tag=${tag}`, headers);
const failureIn = (all: readonly Message[]): string | undefined => all.find(({ error }) => error)?.error;
const digestIn = (all: readonly Message[]): string =>
  all.find(({ status }) => status?.startsWith('Digest: '))?.status?.slice(8) ??
  assert.fail(JSON.stringify(all));

/** busybox as `repo:tag` at a registry; the engine has no other name for it afterwards. */
async function pushed(gantry: Gantry, registry: Registry, name: string): Promise<string> {
  const full = `${registry.host}/${name}`;
  await gantry.docker(['tag', 'busybox', full]);
  const ran = await gantry.docker(['push', full]);
  assert.equal(ran.code, 0, ran.stderr);
  await gantry.docker(['rmi', full]);
  return full;
}

test('an image goes to a registry and comes back by tag and by digest, and a container runs from it', async (t) => {
  const registry = await startRegistry(t);
  const gantry = await startGantry(t);
  const full = `${registry.host}/team/app:v1`;
  await gantry.docker(['tag', 'busybox', full]);
  const before = (await gantry.docker(['inspect', '-f', '{{.Id}}', 'busybox'])).stdout;
  const sent = await gantry.docker(['push', full]);
  assert.equal(sent.code, 0, sent.stderr);
  assert.match(sent.stdout, /v1: digest: sha256:[0-9a-f]{64} size: \d+/);
  const digest = /sha256:[0-9a-f]{64}/.exec(sent.stdout)?.[0] ?? '';
  const again = await gantry.docker(['push', full]);
  assert.match(again.stdout, /Layer already exists/);
  assert.match(again.stdout, new RegExp(digest), 'a second push has the same digest');
  await gantry.docker(['rmi', '-f', full, 'busybox', `${registry.host}/team/app@${digest}`]);
  assert.equal((await gantry.docker(['images', '-aq'])).stdout, '');
  const ran = await gantry.docker(['run', '--rm', '--network', 'none', full, 'echo', 'from afar']);
  assert.equal(ran.stdout, 'from afar\n');
  assert.match(ran.stderr, /Status: Downloaded newer image for/);
  assert.equal((await gantry.docker(['inspect', '-f', '{{.Id}}', full])).stdout, before);
  const repoDigests = (await gantry.docker(['inspect', '-f', '{{.RepoDigests}}', full])).stdout;
  assert.equal(repoDigests, `[${registry.host}/team/app@${digest}]\n`);
  const same = await gantry.docker(['pull', full]);
  assert.match(same.stdout, /Image is up to date/);
  await gantry.docker(['rmi', '-f', full, `${registry.host}/team/app@${digest}`]);
  const byDigest = await gantry.docker(['pull', `${registry.host}/team/app@${digest}`]);
  assert.equal(byDigest.code, 0, byDigest.stderr);
  assert.equal(
    (await gantry.docker(['inspect', '-f', '{{.Id}}', `${registry.host}/team/app@${digest}`])).stdout,
    before,
  );
});

test('what was pulled is pushed elsewhere with its digest, and taken over within one registry', async (t) => {
  const [registry, other] = [await startRegistry(t), await startRegistry(t)];
  const gantry = await startGantry(t);
  const full = await pushed(gantry, registry, 'from/here:1');
  const digest = digestIn(await pull(gantry, full.replace(/:1$/, ''), '1'));
  await gantry.docker(['tag', full, `${registry.host}/to/there:1`]);
  const mounted = await push(gantry, `${registry.host}/to/there`, '1');
  assert.equal(failureIn(mounted), undefined);
  assert.ok(
    mounted.some(
      ({ status }) =>
        status?.startsWith('Mounted from from/here') || status === `Mounted from ${registry.host}/from/here`,
    ),
    JSON.stringify(mounted),
  );
  assert.equal(mounted.find(({ aux }) => aux)?.aux?.Digest, digest);
  await gantry.docker(['tag', full, `${other.host}/copy:1`]);
  const copied = await push(gantry, `${other.host}/copy`, '1');
  assert.equal(copied.find(({ aux }) => aux)?.aux?.Digest, digest);
  const uploads = /"PUT \/v2\/to\/there\/blobs\/uploads/g;
  assert.equal(
    registry.log().match(uploads)?.length ?? 0,
    0,
    'nothing was uploaded to the registry that had it',
  );
});

test('all tags of a repository are pulled, and pushed', async (t) => {
  const registry = await startRegistry(t);
  const gantry = await startGantry(t);
  for (const tag of ['1', '2', '3']) await gantry.docker(['tag', 'busybox', `${registry.host}/many:${tag}`]);
  const sent = await gantry.docker(['push', '-a', `${registry.host}/many`]);
  assert.equal(sent.code, 0, sent.stderr);
  await gantry.docker(['rmi', ...['1', '2', '3'].map((tag) => `${registry.host}/many:${tag}`)]);
  const got = await gantry.docker(['pull', '-a', `${registry.host}/many`]);
  assert.equal(got.code, 0, got.stderr);
  const tags = (await gantry.docker(['images', '--format', '{{.Tag}}', `${registry.host}/many`])).stdout;
  assert.deepEqual(
    tags
      .trim()
      .split('\n')
      .filter((tag) => tag !== '<none>')
      .sort(),
    ['1', '2', '3'],
  );
});

test('RC-N02: missing images and registries are told in the words that clients match on', async (t) => {
  const registry = await startRegistry(t);
  const gantry = await startGantry(t);
  const nowhere = await freePort();
  assert.match(
    failureIn(await pull(gantry, `${registry.host}/no/such`, 'x')) ?? '',
    new RegExp(
      `manifest for ${registry.host}/no/such:x not found: manifest unknown: manifest unknown|repository .* not found`,
    ),
  );
  assert.match(
    failureIn(await pull(gantry, `127.0.0.1:${nowhere}/x`, '1')) ?? '',
    new RegExp(`dial tcp 127.0.0.1:${nowhere}: connect: connection refused`),
  );
  assert.match(
    failureIn(await push(gantry, `${registry.host}/not/here`, '1')) ?? '',
    /An image does not exist locally with the tag: /,
  );
  assert.match(failureIn(await pull(gantry, 'Upper/Case')) ?? '', /^400 .*must be lowercase/);
  assert.equal((await gantry.api().get(`/distribution/${registry.host}/no/such/json`)).status, 404);
});

test('a registry with TLS and passwords lets in whoever logs in, and nobody else', async (t) => {
  const certificates = mkdtempSync(join(tmpdir(), 'gantry-certs-'));
  t.after(() => rmSync(certificates, { recursive: true, force: true }));
  const { certificate, key } = makeCertificates(certificates);
  const registry = await startRegistry(t, { tls: { certificate, key }, htpasswd: `me:${SECRET_BCRYPT}\n` });
  const gantry = await startGantry(t);
  const address = registry.host;
  const wrong = await gantry.docker(['login', '-u', 'me', '-p', 'wrong', address]);
  assert.notEqual(wrong.code, 0);
  assert.match(wrong.stderr, /login attempt to https:\/\/.*\/v2\/ failed with status: 401 Unauthorized/);
  const good = await gantry.docker(['login', '-u', 'me', '-p', 'secret', address]);
  assert.equal(good.code, 0, good.stderr);
  assert.match(good.stdout, /Login Succeeded/);
  const full = `${address}/private:1`;
  await gantry.docker(['tag', 'busybox', full]);
  const sent = await gantry.docker(['push', full]);
  assert.equal(sent.code, 0, sent.stderr);
  await gantry.docker(['rmi', full]);
  const anonymous = failureIn(await pull(gantry, `${address}/private`, '1'));
  assert.match(anonymous ?? '', /no basic auth credentials/);
  const mine = auth({ username: 'me', password: 'secret', serveraddress: address });
  assert.equal(failureIn(await pull(gantry, `${address}/private`, '1', mine)), undefined);
  const described = await gantry.api().get(`/distribution/${address}/private:1/json`, { headers: mine });
  assert.equal(described.status, 200, described.text);
  assert.match(
    (JSON.parse(described.text) as { Descriptor: { digest: string } }).Descriptor.digest,
    /^sha256:/,
  );
  assert.ok(!gantry.log().includes('secret'), 'the engine does not write passwords down');
});

/** A registry's middle: answers as the handler says, else passes on. */
async function middle(
  t: TestContext,
  registry: Registry,
  handle: (request: IncomingMessage, response: ServerResponse) => boolean,
): Promise<{ readonly host: string; readonly seen: IncomingMessage[] }> {
  const seen: IncomingMessage[] = [];
  const server: Server = createServer((request, response) => {
    seen.push(request);
    if (handle(request, response)) return;
    const onward = ask(
      {
        host: '127.0.0.1',
        port: registry.port,
        path: request.url,
        method: request.method,
        headers: request.headers,
      },
      (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

const isBlob = (request: IncomingMessage): boolean => /\/blobs\/sha256:/.test(request.url ?? '');

test('RC-N01, RC-N02: a transfer that breaks goes on where it broke, and overload is waited out', async (t) => {
  const registry = await startRegistry(t);
  const gantry = await startGantry(t);
  await pushed(gantry, registry, 'broken:1');
  await gantry.docker(['rmi', '-f', 'busybox']);
  let cut = 0;
  let busy = 0;
  const proxy = await middle(t, registry, (request, response) => {
    if (/\/manifests\//.test(request.url ?? '') && busy++ === 0) {
      response.writeHead(429, { 'retry-after': '0' });
      response.end();
      return true;
    }
    if (!isBlob(request)) return false;
    return cutInTheMiddle(registry, request, response, () => cut++ < 2);
  });
  const all = await pull(gantry, `${proxy.host}/broken`, '1');
  assert.equal(failureIn(all), undefined);
  assert.ok(cut > 2 && busy > 1);
  assert.ok(
    proxy.seen.some(({ headers }) => /^bytes=[1-9]\d*-$/.test(headers.range ?? '')),
    'it asked for the rest only',
  );
  const ran = await gantry.docker([
    'run',
    '--rm',
    '--network',
    'none',
    `${proxy.host}/broken:1`,
    'echo',
    'whole',
  ]);
  assert.equal(ran.stdout, 'whole\n');
});

/** The first bytes of a large blob, then the end of the connection, while `wanted`. */
function cutInTheMiddle(
  registry: Registry,
  request: IncomingMessage,
  response: ServerResponse,
  wanted: () => boolean,
): boolean {
  const onward = ask(
    { host: '127.0.0.1', port: registry.port, path: request.url, method: 'GET', headers: request.headers },
    (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      if (Number(answer.headers['content-length']) < 2 * PART_BYTES || !wanted())
        return void answer.pipe(response);
      let sent = 0;
      answer.on('data', (chunk: Buffer) => {
        const part = chunk.subarray(0, PART_BYTES - sent);
        sent += part.length;
        if (part.length > 0) response.write(part);
        // What was sent is read first; only then does the connection break.
        if (sent === PART_BYTES) setTimeout(() => response.destroy(), 200);
      });
    },
  );
  onward.end();
  return true;
}
const PART_BYTES = 100_000;

test('RC-N05: two pulls at once fetch each blob once', async (t) => {
  const registry = await startRegistry(t);
  const gantry = await startGantry(t);
  await pushed(gantry, registry, 'shared:1');
  await gantry.docker(['rmi', '-f', 'busybox']);
  const gate = Promise.withResolvers<void>();
  const blobs: string[] = [];
  const proxy = await middle(t, registry, (request, response) => {
    if (!isBlob(request)) return false;
    blobs.push(request.url ?? '');
    void gate.promise.then(() => {
      response.writeHead(307, { location: `http://${registry.host}${request.url}` });
      response.end();
    });
    return true;
  });
  const both = [pull(gantry, `${proxy.host}/shared`, '1'), pull(gantry, `${proxy.host}/shared`, '1')];
  while (blobs.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  await new Promise((resolve) => setTimeout(resolve, 300));
  gate.resolve();
  for (const all of await Promise.all(both)) assert.equal(failureIn(all), undefined);
  assert.equal(blobs.length, new Set(blobs).size, `each blob once: ${blobs.join(' ')}`);
});

test('RC-N04: what a registry sends is believed only when its digest is right', async (t) => {
  const registry = await startRegistry(t);
  const gantry = await startGantry(t);
  await pushed(gantry, registry, 'lying:1');
  await gantry.docker(['rmi', '-f', 'busybox']);
  const digest = digestIn(await pull(gantry, `${registry.host}/lying`, '1'));
  await gantry.docker(['rmi', '-f', `${registry.host}/lying:1`, `${registry.host}/lying@${digest}`]);
  const lies = await middle(t, registry, (request, response) => {
    if (!isBlob(request) || request.method !== 'GET') return false;
    response.end(Buffer.alloc(4096, 7));
    return true;
  });
  assert.match(
    failureIn(await pull(gantry, `${lies.host}/lying`, '1')) ?? '',
    /verification failed for digest|ends after|longer than/,
  );
  const other = await middle(t, registry, (request, response) => {
    if (!/\/manifests\/sha256:/.test(request.url ?? '')) return false;
    response.writeHead(200, {
      'content-type': 'application/vnd.docker.distribution.manifest.v2+json',
      'docker-content-digest': digest,
    });
    response.end('{"schemaVersion":2}');
    return true;
  });
  assert.match(
    failureIn(await pull(gantry, `${other.host}/lying`, digest)) ?? '',
    /manifest verification failed for digest/,
  );
  assert.equal((await gantry.docker(['images', '-aq'])).stdout, '');
});

test('credentials go to nobody but their registry: not to mirrors, redirects or foreign token servers', async (t) => {
  const registry = await startRegistry(t);
  const gantry = await startGantry(t);
  await pushed(gantry, registry, 'secrets:1');
  await gantry.docker(['rmi', '-f', 'busybox']);
  const thief = await middle(t, registry, () => false);
  const bait = await middle(t, registry, (request, response) => {
    if (request.headers.authorization === undefined) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="bait"' });
      response.end();
      return true;
    }
    if (!isBlob(request)) return false;
    response.writeHead(307, { location: `http://${thief.host}${request.url}` });
    response.end();
    return true;
  });
  const mine = auth({ username: 'me', password: 'hunter2' });
  assert.equal(failureIn(await pull(gantry, `${bait.host}/secrets`, '1', mine)), undefined);
  assert.ok(thief.seen.length > 0, 'the blobs came from where the registry pointed');
  for (const { headers } of thief.seen) assert.equal(headers.authorization, undefined);
  const realm = await middle(t, registry, (_request, response) => {
    response.writeHead(401, { 'www-authenticate': 'Bearer realm="http://192.0.2.1/token",service="x"' });
    response.end();
    return true;
  });
  assert.match(
    failureIn(await pull(gantry, `${realm.host}/secrets`, '1', mine)) ?? '',
    /somebody else: refused/,
  );
  const forged = auth({ username: 'me\r\nX: y', password: 'p' });
  assert.match(
    failureIn(await pull(gantry, `${bait.host}/secrets`, '1', forged)) ?? '',
    /^400 .*control character/,
  );
});

test('tokens of a token server are got once for a repository and shown for no other', async (t) => {
  const registry = await startRegistry(t);
  const gantry = await startGantry(t);
  await pushed(gantry, registry, 'tokens/a:1');
  await pushed(gantry, registry, 'tokens/b:1');
  const asked: string[] = [];
  const proxy = await middle(t, registry, (request, response) => {
    const url = new URL(request.url ?? '/', 'http://x');
    const { authorization } = request.headers;
    if (url.pathname === '/token') {
      const scope = url.searchParams.get('scope') ?? '';
      asked.push(`${scope} ${authorization ?? ''}`);
      response.end(JSON.stringify({ token: Buffer.from(scope).toString('base64url'), expires_in: 300 }));
      return true;
    }
    const repository = /^\/v2\/(.+)\/(?:manifests|blobs)\//.exec(url.pathname)?.[1] ?? '';
    const right = `Bearer ${Buffer.from(`repository:${repository}:pull`).toString('base64url')}`;
    if (authorization === right) {
      delete request.headers.authorization;
      return false;
    }
    response.writeHead(401, {
      'www-authenticate': `Bearer realm="http://${request.headers.host}/token",service="test",scope="x"`,
    });
    response.end();
    return true;
  });
  for (const name of ['tokens/a', 'tokens/b', 'tokens/a'])
    assert.equal(
      failureIn(await pull(gantry, `${proxy.host}/${name}`, '1', auth({ username: 'me', password: 'pw' }))),
      undefined,
    );
  const basic = `Basic ${Buffer.from('me:pw').toString('base64')}`;
  assert.deepEqual(asked, [`repository:tokens/a:pull ${basic}`, `repository:tokens/b:pull ${basic}`]);
});

test('an index gives the image of this machine, or of the platform that is asked for', async (t) => {
  const registry = await startRegistry(t);
  const gantry = await startGantry(t);
  const full = await pushed(gantry, registry, 'multi:single');
  const digest = digestIn(await pull(gantry, full.replace(/:single$/, ''), 'single'));
  const { size } = (
    JSON.parse((await gantry.api().get(`/distribution/${full}/json`)).text) as {
      Descriptor: { size: number };
    }
  ).Descriptor;
  const mediaType = 'application/vnd.docker.distribution.manifest.v2+json';
  const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
  const index = JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [
      {
        mediaType,
        digest: `sha256:${'1'.repeat(64)}`,
        size: 3,
        platform: { os: 'linux', architecture: 's390x' },
      },
      { mediaType, digest, size, platform: { os: 'linux', architecture } },
    ],
  });
  const put = await fetch(`http://${registry.host}/v2/multi/manifests/latest`, {
    method: 'PUT',
    headers: { 'content-type': 'application/vnd.oci.image.index.v1+json' },
    body: index,
  });
  if (put.status !== 201) {
    // The registry wants every manifest to be there: leave the foreign one out.
    const own = JSON.stringify({
      ...(JSON.parse(index) as object),
      manifests: (JSON.parse(index) as { manifests: unknown[] }).manifests.slice(1),
    });
    const again = await fetch(`http://${registry.host}/v2/multi/manifests/latest`, {
      method: 'PUT',
      headers: { 'content-type': 'application/vnd.oci.image.index.v1+json' },
      body: own,
    });
    assert.equal(again.status, 201, await again.text());
  }
  assert.equal(failureIn(await pull(gantry, `${registry.host}/multi`, 'latest')), undefined);
  const other = await messages(
    gantry,
    `/images/create?fromImage=${encodeURIComponent(`${registry.host}/multi`)}&tag=latest&platform=linux/riscv64`,
  );
  assert.match(
    failureIn(other) ?? '',
    /no matching manifest for linux\/riscv64 in the manifest list entries/,
  );
});

test('a mirror is asked first, and Docker Hub is not needed when it has the image', async (t) => {
  const registry = await startRegistry(t);
  const gantry = await startGantry(t, { args: [`--registry-mirror=http://${registry.host}`] });
  await pushed(gantry, registry, 'library/mirrored:1');
  assert.equal(failureIn(await pull(gantry, 'mirrored', '1')), undefined);
  const ran = await gantry.docker(['run', '--rm', '--network', 'none', 'mirrored:1', 'echo', 'reflected']);
  assert.equal(ran.stdout, 'reflected\n');
});

test('search falls back on the catalogue; old forms of search and push answers stay', async (t) => {
  const registry = await startRegistry(t);
  const gantry = await startGantry(t);
  await pushed(gantry, registry, 'tools/hammer:1');
  const found = await gantry.api().get(`/images/search?term=${registry.host}/hammer`);
  assert.equal(found.status, 200, found.text);
  assert.deepEqual(
    (JSON.parse(found.text) as { name: string }[]).map(({ name }) => name),
    ['tools/hammer'],
  );
  assert.equal((await gantry.api().get('/images/search')).status, 400);
  assert.equal((await gantry.api().get(`/images/search?term=${registry.host}/x&limit=1000`)).status, 400);
  const body = JSON.stringify({ username: 'a', password: 'b' });
  await gantry.docker(['tag', 'busybox', `${registry.host}/old:1`]);
  const old = await gantry.api('1.4').post(`/images/${registry.host}/old/push`, body);
  assert.equal(old.status, 200, old.text);
  assert.ok(!old.text.includes('progressDetail') && !old.text.includes('errorDetail'), old.text);
});
