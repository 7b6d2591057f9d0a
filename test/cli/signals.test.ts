/** Signals that end the daemon: containers run on, work in hand is cut off cleanly, and another signal waits for nobody. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { buildArchive } from '../harness/building.ts';
import { FakeRegistry } from '../harness/fake-registry.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { file, tarOf } from '../harness/layered.ts';
import { until } from '../harness/until.ts';

const COUNT = 12;

test('RC-E01: with many containers, some of them deaf to SIGTERM, the daemon ends at once; they run on, and each code and line is there', async (t) => {
  const gantry = await startGantry(t);
  const ids = await Promise.all(
    Array.from({ length: COUNT }, async (_, i) => {
      const deaf = i % 2 === 0 ? "trap '' TERM; " : '';
      const script = `${deaf}echo begun; while [ ! -e /go ]; do usleep 50000; done; echo over; exit ${i}`;
      return gantry.dockerOk('run', '-d', '--network', 'none', 'busybox', 'sh', '-c', script);
    }),
  );
  await gantry.restart(); // fails unless the code is 0
  const ends = await Promise.all(
    ids.map(async (id) => {
      await gantry.dockerOk('exec', id, 'touch', '/go');
      return [await gantry.dockerOk('wait', id), await gantry.dockerOk('logs', id)];
    }),
  );
  assert.deepEqual(
    ends,
    ids.map((_, i) => [String(i), 'begun\nover']),
  );
});

/** Nothing that was under way is left: not in staging, not half a download that nobody asks for. */
function leftovers(gantry: Gantry): string[] {
  return readdirSync(join(gantry.dataRoot, 'staging'));
}

test('RC-E02: a second signal ends the daemon without waiting for requests, in good order', async (t) => {
  const gantry = await startGantry(t, { args: ['--shutdown-timeout', '-1'] });
  const id = await gantry.dockerOk('run', '-d', '--network', 'none', 'busybox', 'sleep', '600');
  const held = gantry.api().connect();
  held.on('error', () => undefined);
  held.write('POST /images/load HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nhalf');
  await until(() => gantry.api().get('/_ping'));
  process.kill(gantry.pid, 'SIGTERM');
  await until(() => gantry.log().includes('daemon.stopping'));
  for (const name of ['SIGINT', 'SIGINT', 'SIGTERM'] as const)
    if (gantry.running) process.kill(gantry.pid, name);
  await until(() => !gantry.running);
  assert.match(gantry.log(), /daemon\.stopped/);
  held.destroy();
  await gantry.start();
  assert.deepEqual(leftovers(gantry), []);
  assert.equal(await gantry.dockerOk('inspect', '-f', '{{.State.Running}}', id), 'true');
});

/** Begins a work and resolves when it is in the middle. */
type Work = (t: TestContext, gantry: Gantry) => Promise<void>;

const pull: Work = async (t, gantry) => {
  const registry = await FakeRegistry.start(t);
  registry.putImage('app', 'v1', { layers: [tarOf([file('one', 'x'.repeat(100_000))])] });
  const begun = Promise.withResolvers<void>();
  registry.answering = (request, response) => {
    if (!request.url?.includes('/blobs/')) return false;
    response.writeHead(200, { 'content-length': 100_000 });
    response.write('x'.repeat(1000));
    begun.resolve();
    return true;
  };
  const path = `/images/create?fromImage=${encodeURIComponent(`${registry.host}/app`)}&tag=v1`;
  gantry
    .api()
    .post(path)
    .catch(() => undefined);
  await begun.promise;
};

const build: Work = async (_t, gantry) => {
  const context = tarOf([file('Dockerfile', 'FROM busybox\nRUN echo begun; sleep 600\n')]);
  buildArchive(gantry, Readable.from([context]), {}).catch(() => undefined);
  const running = async () => (await gantry.api().get('/containers/json')).json<unknown[]>().length;
  await until(running);
};

const commit: Work = async (_t, gantry) => {
  const id = await gantry.dockerOk(
    'run',
    '-d',
    '--network',
    'none',
    'busybox',
    'dd',
    'if=/dev/zero',
    'of=/large',
    'bs=1M',
    'count=128',
  );
  await gantry.dockerOk('wait', id);
  gantry
    .api()
    .post(`/commit?container=${id}&repo=cut`)
    .catch(() => undefined);
  await until(() => leftovers(gantry).length);
};

/** From the signal to the end, with the fifteen seconds for requests that there are by default. */
const LIMIT_MS = 5000;

for (const [what, begin] of Object.entries({ pull, build, commit }))
  test(`RC-E03: a SIGTERM in the middle of a ${what} cuts it off, and nothing of it is left`, async (t) => {
    const gantry = await startGantry(t);
    await begin(t, gantry);
    const told = performance.now();
    await gantry.stop(); // fails unless the code is 0
    const tookMs = performance.now() - told;
    await gantry.start();
    await gantry.recovered();
    await until(
      () => leftovers(gantry),
      (left) => left.length === 0,
    );
    const images = await gantry.dockerOk('images', '-a', '--format', '{{.Repository}}');
    assert.ok(['busybox', 'cut\nbusybox', 'busybox\ncut'].includes(images), images);
    assert.ok(tookMs < LIMIT_MS, `it took ${Math.round(tookMs)} ms`);
  });
