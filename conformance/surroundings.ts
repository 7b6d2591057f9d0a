/** What the checks need beside the engine: a registry, one with a login, a file to fetch, images. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FakeRegistry, refuse } from '../test/harness/fake-registry.ts';
import { busyboxArchive, busyboxRootfs } from '../test/harness/image.ts';
import type { Surroundings } from './probe.ts';
import type { Engine } from './run.ts';
import { pack } from './tar.ts';

interface Scope {
  after(end: () => Promise<void>): void;
}

const LOGIN = `Basic ${Buffer.from('me:secret').toString('base64')}`;

/** Starts what the checks need, on loopback, and loads busybox into the engine; all ends with the scope. */
export async function surroundings(scope: Scope, engine: Engine): Promise<Surroundings> {
  const registry = await FakeRegistry.start(scope);
  registry.putImage('tools/hammer', '1', { layers: [pack([{ name: 'hammer', content: 'steel\n' }])] });
  registry.answering = (request, response) => {
    if (!request.url?.startsWith('/v1/search')) return false;
    const hit = { name: 'tools/hammer', description: 'hits', is_official: false, star_count: 3 };
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({ num_results: 1, query: 'hammer', results: [{ ...hit, is_automated: false }] }),
    );
    return true;
  };
  const guarded = await FakeRegistry.start(scope);
  guarded.answering = (request, response) => {
    if (request.headers.authorization === LOGIN) return false;
    response.setHeader('www-authenticate', 'Basic realm="conformance"');
    refuse(response, 401, 'UNAUTHORIZED', 'authentication required');
    return true;
  };
  const files = createServer((_request, response) => void response.end('the file'));
  await new Promise<void>((resolve) => files.listen(0, '127.0.0.1', resolve));
  scope.after(async () => void files.close());
  const loaded = await engine.api(undefined).post('/images/load', readFileSync(busyboxArchive().file));
  if (loaded.status !== 200) throw new Error(`busybox cannot be loaded: ${loaded.text}`);
  return {
    image: 'busybox',
    registry: registry.host,
    guarded: guarded.host,
    file: `http://127.0.0.1:${(files.address() as AddressInfo).port}/file`,
    rootfs: readFileSync(busyboxRootfs()),
  };
}
