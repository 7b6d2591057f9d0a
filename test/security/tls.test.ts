/** Security cases SC-DIST-08 and 13 with TLS: an authority that is trusted for one registry, redirects, bad certificates. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { freshHome, leftovers, testImages } from '../../src/engine/images/test-host.ts';
import { FakeRegistry } from '../harness/fake-registry.ts';
import { file, tarOf } from '../harness/layered.ts';
import { makeCertificates } from '../harness/registry.ts';

const CREDENTIALS = { is: 'password', username: 'ann', password: 'hunter2-of-the-test' } as const;

/** A registry with TLS, and an engine that trusts its authority under `name`, which is no name of loopback as it is written. */
async function secured(t: TestContext, name: string, days?: number) {
  const home = mkdtempSync(join(tmpdir(), 'gantry-tls-'));
  t.after(() => rmSync(home, { recursive: true }));
  const { ca, certificate, key } = makeCertificates(home, days);
  const pem = { key: readFileSync(key, 'utf8'), cert: readFileSync(certificate, 'utf8') };
  const registry = await FakeRegistry.start(t, pem);
  const { manifest } = registry.putImage('app', 'v1', { layers: [tarOf([file('one', 'x')])] });
  const host = `${name}:${registry.port}`;
  mkdirSync(join(home, 'certs', host), { recursive: true });
  copyFileSync(ca, join(home, 'certs', host, 'ca.crt'));
  const engine = await testImages(t, freshHome(t), { certificates: [join(home, 'certs')] });
  /** What went wrong; undefined: nothing. */
  const pull = async (): Promise<string | undefined> => {
    const pulling = engine.images.pull({
      ...{ image: `${host}/app`, tag: 'v1', platform: undefined, credentials: CREDENTIALS },
      ...{ oneByOne: false, signal: t.signal },
    });
    try {
      for await (const _ of pulling);
    } catch (error) {
      return (error as Error).message;
    }
    return undefined;
  };
  const kept = () => leftovers(engine).filter((each) => !each.startsWith('unfinished/'));
  return { registry, manifest, pull, kept };
}

/** Asks for a password, as registries do. */
const asksWhoItIs = (registry: FakeRegistry, redirect: (path: string) => string | undefined): void => {
  registry.answering = (request, response) => {
    const to = redirect(request.url ?? '');
    if (request.headers.authorization === undefined)
      response.writeHead(401, { 'www-authenticate': 'Basic realm="here"' }).end('{}');
    else if (to !== undefined) response.writeHead(307, { location: to }).end();
    else return false;
    return true;
  };
};

test('SC-DIST-08: a redirect from https to http is refused, and nobody there is asked for anything', async (t) => {
  const { registry, manifest, pull, kept } = await secured(t, '127.1');
  const plain = await FakeRegistry.start(t);
  for (const [digest, bytes] of registry.blobs) plain.blobs.set(digest, bytes);
  for (const [key, document] of registry.manifests) plain.manifests.set(key, document);
  for (const what of ['/blobs/', '/manifests/']) {
    asksWhoItIs(registry, (path) => (path.includes(what) ? `http://${plain.host}${path}` : undefined));
    assert.match((await pull()) ?? '', /redirects to http:\/\/: refused/, what);
    assert.deepEqual([plain.asked, kept()], [[], []], what);
  }
  // The same registry without redirects is trusted, and told who we are.
  asksWhoItIs(registry, () => undefined);
  assert.equal(await pull(), undefined);
  assert.ok(registry.count('GET', new RegExp(`/blobs/${manifest.layers[0]?.digest}`)) > 0);
});

for (const [what, name, days, words] of [
  ['of another name', '127.2', 2, /certificate is not valid for 127\.0\.0\.2/],
  ['that has expired', '127.1', 0, /certificate has expired/],
] as const)
  test(`SC-DIST-13: a certificate ${what} is refused though its authority is trusted, and no request goes out`, async (t) => {
    const { registry, pull, kept } = await secured(t, name, days);
    assert.match((await pull()) ?? '', words);
    assert.deepEqual([registry.asked, kept()], [[], []]);
  });
