/** Clients that leave in the middle of a build (SC-BLD-16): whatever it was at, nothing of it stays, and the next one is right. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { build, buildAnew, buildArchive, contextOf } from '../harness/building.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { file, tarOf } from '../harness/layered.ts';
import { mountsBelow } from '../harness/leaks.ts';
import { grownBy } from '../harness/memory.ts';
import { until } from '../harness/until.ts';

let gantry: Gantry;
let untouched: unknown;
const ends: (() => Promise<void>)[] = [];
before(async () => {
  gantry = await startGantry({ after: (end) => void ends.push(end) });
  assert.equal((await buildAnew(gantry, 'FROM busybox\nRUN true\n')).error, '');
  untouched = await until(remains, ({ files, tasks }) => files.length + tasks.length === 0);
});
after(() => Promise.all(ends.map((end) => end())));

/** What a build may leave by mistake. */
async function remains() {
  const { dataRoot, execRoot, root, pid } = gantry;
  const containers = (await gantry.api().get('/containers/json?all=1')).json<unknown[]>();
  return {
    containers: containers.length,
    mounts: mountsBelow(root).length,
    files: ['staging', 'trash', 'w'].flatMap((name) => readdirSync(join(dataRoot, name))),
    tasks: readdirSync(join(execRoot, 'tasks')),
    children: readdirSync(`/proc/${pid}/task/${pid}`).length,
  };
}

async function settled(): Promise<void> {
  await until(remains, (seen) => JSON.stringify(seen) === JSON.stringify(untouched));
  const next = await buildAnew(gantry, 'FROM busybox\nCOPY f /f\nRUN cat /f; echo\n', [file('f', 'right')]);
  assert.match(next.said, /\nright\n/);
}

const running = async (): Promise<number> =>
  (await gantry.api().get('/containers/json')).json<unknown[]>().length;
const isStaged = (kind: string): boolean =>
  readdirSync(join(gantry.dataRoot, 'staging')).some((name) => name.startsWith(kind));

/** Much that is not compressed away, and takes a while to be copied. */
const large = (): Buffer => Buffer.alloc(192 << 20, 'large');

/** A web server that begins to answer, and never ends. */
async function slowServer(): Promise<{ address: string; asked: () => boolean; close: () => void }> {
  const answers: ServerResponse[] = [];
  const server = createServer((_request, response) => {
    answers.push(response);
    response.writeHead(200, { 'content-length': String(1 << 30) });
    response.write('x'.repeat(4096));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: () => answers.length > 0,
    close: () => {
      for (const answer of answers) answer.destroy();
      server.close();
    },
  };
}

/** A build, and when it is at what it is to be left at. */
interface Moment {
  readonly dockerfile: string;
  readonly context?: () => Buffer | Readable;
  readonly reached: () => boolean | Promise<boolean>;
}

/** An archive whose second half never comes. */
const endless = (dockerfile: string): Readable =>
  Readable.from(
    (async function* () {
      yield contextOf(dockerfile).subarray(0, -1024);
      yield tarOf([file('large', large())]).subarray(0, 100 << 20);
      await new Promise(() => undefined);
    })(),
  );

const web = await slowServer();
after(() => web.close());
const moments: Readonly<Record<string, Moment>> = {
  'while the context comes': {
    dockerfile: 'FROM busybox\n',
    context: () => endless('FROM busybox\n'),
    reached: () => isStaged('context'),
  },
  'while a command runs': {
    dockerfile: 'FROM busybox\nRUN sleep 1000\n',
    reached: async () => (await running()) === 1,
  },
  'while a command that hears no signal runs, with a cache and files mounted': {
    dockerfile:
      'FROM busybox\nRUN --mount=type=cache,target=/k --mount=type=bind,source=f,target=/f,rw trap "" TERM INT HUP; while :; do sleep 1; done\n',
    reached: async () => (await running()) === 1,
  },
  'while two stages run': {
    dockerfile: 'FROM busybox AS a\nRUN sleep 1000\nFROM busybox\nRUN sleep 1000\nCOPY --from=a /x /\n',
    reached: async () => (await running()) === 2,
  },
  'while files are copied': {
    dockerfile: 'FROM busybox\nCOPY f /1\nCOPY f /2\nCOPY f /3\nCOPY f /4\n',
    context: () =>
      contextOf('FROM busybox\nCOPY f /1\nCOPY f /2\nCOPY f /3\nCOPY f /4\n', [file('f', large())]),
    reached: () => isStaged('layer') || isStaged('unpack'),
  },
  'while a file of the web comes': {
    dockerfile: `FROM busybox\nADD http://${web.address}/f /f\n`,
    reached: web.asked,
  },
  'while its base is pulled': {
    dockerfile: `FROM ${web.address}/base:1\n`,
    reached: web.asked,
  },
  'while its output is not read': {
    dockerfile: 'FROM busybox\nRUN yes a line that nobody reads\n',
    reached: async () => (await running()) === 1,
  },
};

for (const [what, { dockerfile, context, reached }] of Object.entries(moments)) {
  const body = () => context?.() ?? contextOf(dockerfile, [file('f', 'x')]);
  test(`SC-BLD-16, SC-HTTP-07, SC-HTTP-12: a client that leaves ${what} leaves nothing`, async () => {
    const leaving = new AbortController();
    const left = buildArchive(gantry, body(), { nocache: '1' }, { signal: leaving.signal });
    left.catch(() => undefined);
    await until(reached);
    leaving.abort();
    await assert.rejects(left);
    await settled();
  });
  if (context === undefined)
    test(`SC-BLD-16: a build that is cancelled ${what} leaves nothing`, async () => {
      const cancelled = buildArchive(gantry, body(), { nocache: '1', buildid: 'mine' });
      await until(reached);
      assert.equal((await gantry.api().post('/build/cancel?id=mine')).status, 200);
      assert.match((await cancelled).error, /cancel/i);
      await settled();
    });
}

test('SC-BLD-16: a client that reads nothing of what is printed holds nobody up, and costs little', async () => {
  const socket = gantry.api().connect();
  const body = contextOf('FROM busybox\nRUN yes a line that nobody reads\n');
  socket.write(
    `POST /build?nocache=1 HTTP/1.1\r\nHost: d\r\nContent-Type: application/x-tar\r\nContent-Length: ${body.length}\r\n\r\n`,
  );
  socket.write(body);
  await once(socket, 'connect');
  await until(async () => (await running()) === 1);
  const other = await buildAnew(gantry, 'FROM busybox\nRUN echo other\n');
  assert.match(other.said, /\nother\n/);
  socket.destroy();
  await settled();
});

test('SC-BLD-16: a step goes on for the second build when the first one leaves, and is held no longer than by it', async () => {
  const dockerfile =
    'FROM busybox\nCOPY f /f\nRUN sleep 2; cat /f; dd if=/dev/zero of=/zeros bs=1M count=2\n';
  const leaving = new AbortController();
  const body = contextOf(dockerfile, [file('f', 'shared\n')]);
  const first = buildArchive(gantry, body, {}, { signal: leaving.signal });
  first.catch(() => undefined);
  await until(async () => (await running()) === 1);
  const second = build(gantry, dockerfile, [file('f', 'shared\n')], { t: 'second' });
  await new Promise((resolve) => setTimeout(resolve, 500));
  leaving.abort();
  await assert.rejects(first);
  const { error, said } = await second;
  assert.deepEqual([error, /\nshared\n/.test(said)], ['', true], said);
  await settled();
  const layers = (): number => readdirSync(join(gantry.dataRoot, 'l')).length;
  await gantry.api().delete('/images/second?force=1');
  assert.equal((await gantry.api().post('/build/prune?all=1')).status, 200);
  await gantry.dockerOk('image', 'prune', '-f');
  await until(layers, (count) => count === 1);
});

test('SC-BLD-06: a file of the web without an end costs little, and is gone with its client', async () => {
  let sent = 0;
  const piece = Buffer.alloc(1 << 18, 'endless');
  const server = createServer((_request, response) => {
    const more = () => {
      do sent += piece.length;
      while (!response.destroyed && response.write(piece));
    };
    response.on('drain', more);
    more();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const dockerfile = `FROM busybox\nADD http://127.0.0.1:${(server.address() as AddressInfo).port}/f /f\n`;
    const leaving = new AbortController();
    const left = buildArchive(gantry, contextOf(dockerfile), {}, { signal: leaving.signal });
    const ended = left.then(
      () => assert.fail('it ended'),
      () => undefined,
    );
    const [grown] = await Promise.all([
      grownBy(gantry, ended),
      until(() => sent > 256 << 20).finally(() => leaving.abort()),
    ]);
    assert.ok(grown < 150, `${grown} MiB more`);
    await settled();
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
