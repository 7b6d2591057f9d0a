/** Clients that have stopped reading what is made for them, or send what nobody reads: the engine waits with little in its hands. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { contextOf } from '../harness/building.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { file, loadLayered } from '../harness/layered.ts';
import { ownMiB } from '../harness/memory.ts';
import { until } from '../harness/until.ts';

/** Of the image; much more than what may be held. */
const LAYER_MIB = 48;
const READERS = 4;
/** For all of them together: what sockets, pipes and streams hold, and room for what V8 has not collected yet. */
const HELD_MIB = 24;
/** Of archives: a MiB and a quarter each, and that room. */
const ARCHIVES_MIB = 14;

let gantry: Gantry;
const ends: (() => Promise<void>)[] = [];
before(async () => {
  gantry = await startGantry({ after: (end) => void ends.push(end) });
  await loadLayered(gantry.api(), 'large:latest', [file('large', randomBytes(LAYER_MIB << 20))]);
});
after(() => Promise.all(ends.map((end) => end())));

/** Clients that have asked, got the beginning of the answer, and read no more. */
function stopped(request: string, body: Buffer = Buffer.alloc(0)): Promise<Socket[]> {
  return Promise.all(
    Array.from({ length: READERS }, async () => {
      const socket = gantry.api().connect();
      socket.on('error', () => undefined);
      const headers = `Host: d\r\nConnection: close\r\nContent-Type: application/x-tar\r\nContent-Length: ${body.length}`;
      socket.write(Buffer.concat([Buffer.from(`${request} HTTP/1.1\r\n${headers}\r\n\r\n`), body]));
      await once(socket, 'readable');
      return socket;
    }),
  );
}

/** They read on, to the end. */
async function readOn(sockets: readonly Socket[]): Promise<void> {
  await Promise.all(
    sockets.map(async (socket) => {
      for await (const _ of socket);
    }),
  );
}

/** While `work` has others wait, everybody is answered; by how many MiB the engine grew at most. */
async function grownWith(work: () => Promise<readonly Socket[]>): Promise<number> {
  const start = ownMiB(gantry);
  let most = 0;
  const sockets = await work();
  for (let look = 0; look < 40; look++) {
    assert.equal((await gantry.api().get('/_ping')).status, 200);
    assert.equal((await gantry.api().get('/containers/json?all=1')).status, 200);
    most = Math.max(most, ownMiB(gantry) - start);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  for (const socket of sockets) socket.destroy();
  return most;
}

const created = async (body: object): Promise<string> => {
  const made = await gantry.api().post('/containers/create', { Image: 'large', ...body });
  assert.equal(made.status, 201, made.text);
  return made.json<{ Id: string }>().Id;
};

test('RC-L02: who stops reading a save or an export holds little of it in the engine', async (t) => {
  const id = await created({ HostConfig: { NetworkMode: 'none' } });
  for (const path of ['/images/large/get', `/containers/${id}/export`]) {
    // The threads that make archives run already: what they take does not grow with who reads.
    await readOn(await stopped(`GET ${path}`));
    const grown = await grownWith(() => stopped(`GET ${path}`));
    t.diagnostic(`${path.slice(0, 20)}: ${grown.toFixed(1)} MiB for ${READERS}`);
    assert.ok(grown < ARCHIVES_MIB, `${path}: ${grown} MiB`);
  }
});

test('RC-L02: who stops reading a build that prints without end holds little of it, and its leaving ends the build', async (t) => {
  const context = contextOf('FROM busybox\nRUN yes a line of output\n');
  const grown = await grownWith(() => stopped('POST /build?rm=1&forcerm=1&networkmode=none', context));
  t.diagnostic(`${grown.toFixed(1)} MiB for ${READERS}`);
  assert.ok(grown < HELD_MIB, `${grown} MiB`);
  await until(async () => (await gantry.api().get('/containers/json?all=1')).json<unknown[]>().length === 1);
});

test('RC-L05: input that no container reads waits at the client', async (t) => {
  const id = await created({
    Cmd: ['sleep', '100000'],
    OpenStdin: true,
    StopSignal: 'SIGKILL',
    HostConfig: { NetworkMode: 'none' },
  });
  assert.equal((await gantry.api().post(`/containers/${id}/start`)).status, 204);
  let accepted = 0;
  const grown = await grownWith(async () => {
    const path = `/containers/${id}/attach?stream=1&stdin=1`;
    const socket = gantry.api().connect();
    socket.on('error', () => undefined);
    socket.write(`POST ${path} HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`);
    await once(socket, 'readable');
    const piece = Buffer.alloc(1 << 20, 'input ');
    const flood = (): void => {
      socket.write(piece, (error) => {
        if (error) return; // it is over
        accepted += piece.length;
        flood();
      });
    };
    flood();
    return [socket];
  });
  t.diagnostic(`${(accepted / 2 ** 20).toFixed(1)} MiB taken, ${grown.toFixed(1)} MiB grown`);
  assert.ok(accepted < HELD_MIB << 20, `${accepted} bytes were taken`);
  assert.ok(grown < HELD_MIB, `${grown} MiB`);
});
