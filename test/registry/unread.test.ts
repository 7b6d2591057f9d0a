/** RC-L02: clients that ask for a pull or a push and read nothing of its progress. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { FakeRegistry } from '../harness/fake-registry.ts';
import { startGantry } from '../harness/gantry.ts';
import { file, tarOf } from '../harness/layered.ts';
import { ownMiB } from '../harness/memory.ts';
import { until } from '../harness/until.ts';

/** Their messages are more than a socket holds. */
const LAYERS = 160;
const CLIENTS = 8;
/** For all clients together: sockets, a message of each layer, and what V8 has not collected yet. */
const HELD_MIB = 40;

test('RC-L02: a pull of many layers whose progress nobody reads goes on to its end, in bounded memory, and so does the push of it', async (t) => {
  const registry = await FakeRegistry.start(t);
  for (const name of ['read', 'app'])
    registry.putImage(name, 'v1', {
      layers: Array.from({ length: LAYERS }, (_, at) =>
        tarOf([file(`file-${at}`, `${name}${at}`.repeat(200))]),
      ),
    });
  const gantry = await startGantry(t);
  const image = `${registry.host}/app`;
  // What a pull of so many layers takes anyway is there already.
  await gantry.api().post(`/images/create?fromImage=${encodeURIComponent(`${registry.host}/read`)}&tag=v1`);
  const before = ownMiB(gantry);
  /** Gets the head of the answer, and then reads no more. */
  const asked = async (path: string) => {
    const socket = gantry.api().connect();
    socket.on('error', () => undefined);
    socket.write(
      `POST ${path} HTTP/1.1\r\nHost: d\r\nX-Registry-Auth: e30=\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
    );
    await once(socket, 'readable');
    return socket;
  };
  const some = (path: string) => Promise.all(Array.from({ length: CLIENTS }, () => asked(path)));
  const told = async (socket: Awaited<ReturnType<typeof asked>>): Promise<string> => {
    let text = '';
    for await (const bytes of socket) text += bytes;
    return text;
  };

  const pulls = await some(`/images/create?fromImage=${encodeURIComponent(image)}&tag=v1`);
  const isThere = async () => (await gantry.api().get(`/images/${image}:v1/json`)).status === 200;
  await until(isThere);
  const grown = ownMiB(gantry) - before;
  t.diagnostic(`${grown.toFixed(1)} MiB for ${CLIENTS}`);
  assert.ok(grown < HELD_MIB, `${grown} MiB`);
  for (const socket of pulls)
    assert.match(await told(socket), /Status: (Downloaded newer image|Image is up to date)/);

  const tagged = `${registry.host}/other`;
  await gantry.api().post(`/images/${image}:v1/tag?repo=${encodeURIComponent(tagged)}&tag=v1`);
  const pushes = await some(`/images/${tagged}/push?tag=v1`);
  await until(() => registry.manifests.has('other v1'));
  for (const socket of pushes) assert.match(await told(socket), /digest: sha256:/);
});
