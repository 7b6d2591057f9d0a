/** SC-HTTP-07: sixty clients of each kind of stream vanish, one way or the other, and nothing of them stays. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { dial, hasHead, post, readUntil, type Served, serve, until } from '../api/serve.ts';

const CLIENTS = 60;
const HOST = 'Host: localhost\r\n';
const SOCKET =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

const streams: Readonly<Record<string, string>> = {
  attach: `POST /containers/web/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\n${HOST}\r\n`,
  'attach with an upgrade': `POST /containers/web/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n`,
  'attach by WebSocket': `GET /containers/web/attach/ws?stream=1&stdin=1&stdout=1 HTTP/1.1\r\n${HOST}${SOCKET}\r\n`,
  exec: `POST /exec/known/start HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`,
  'logs that are followed': `GET /containers/web/logs?follow=1&stdout=1 HTTP/1.1\r\n${HOST}\r\n`,
  events: `GET /events HTTP/1.1\r\n${HOST}\r\n`,
  stats: `GET /containers/web/stats HTTP/1.1\r\n${HOST}\r\n`,
  wait: `POST /containers/web/wait HTTP/1.1\r\n${HOST}\r\n`,
};

const ways: Readonly<Record<string, (socket: Socket) => void>> = {
  closing: (socket) => socket.destroy(),
  'a reset': (socket) => socket.resetAndDestroy(),
};

/** What the engine does for its clients at this moment. */
const busy = ({ open, signals }: Served): number =>
  open.size + signals.filter(({ aborted }) => !aborted).length;

for (const [what, request] of Object.entries(streams))
  for (const [way, vanish] of Object.entries(ways))
    test(`SC-HTTP-07, RC-L01: clients of ${what} vanish by ${way}: descriptors and work go with them`, async () => {
      await using served = await serve({ tcp: true });
      const before = readdirSync('/proc/self/fd').length;
      const clients = Array.from({ length: CLIENTS }, () => dial(served.port));
      await Promise.all(
        clients.map(async (client) => {
          client.write(request);
          assert.match((await readUntil(client, hasHead)).toString('latin1'), /^HTTP\/1\.1 (101|200) /);
        }),
      );
      assert.equal(busy(served), CLIENTS);
      const left = performance.now();
      for (const client of clients) vanish(client);
      await until(() => busy(served) === 0 && readdirSync('/proc/self/fd').length <= before);
      assert.ok(performance.now() - left < 3000, `${performance.now() - left} ms`);
      assert.equal((await post(served.port, '/containers/web/rename?name=n')).status, 204);
    });
