/** `gantry stop-all` against a server that stands in for an engine. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { stopAll } from './stop-all.ts';

/** An engine of that name, which runs `a` and `b`, and cannot stop those in `stuck`; it notes whom it was to stop. */
async function engine(t: TestContext, name: string, stuck: readonly string[] = []) {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-stop-all-'));
  const stopped: string[] = [];
  const server = createServer((request, response) => {
    const id = /^\/containers\/(.*)\/stop$/.exec(request.url ?? '')?.[1];
    if (id !== undefined) stopped.push(id);
    if (id !== undefined && stuck.includes(id)) response.writeHead(500).end(`{"message":"${id} is stuck"}`);
    else if (id !== undefined) response.writeHead(204).end();
    else if (request.url === '/version') response.end(JSON.stringify({ Platform: { Name: name } }));
    else response.end(JSON.stringify([{ Id: 'a' }, { Id: 'b' }]));
  });
  const socket = join(directory, 's');
  server.listen(socket);
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
    rmSync(directory, { recursive: true });
  });
  return { stopped, directory, host: `unix://${socket}` };
}

test('every running container is stopped', async (t) => {
  const { host, stopped } = await engine(t, 'Gantry');
  assert.equal(await stopAll({ host }), '2 stopped\n');
  assert.deepEqual(stopped.sort(), ['a', 'b']);
});

test('without an address it is where daemon.json says', async (t) => {
  const { host, stopped, directory } = await engine(t, 'Gantry');
  const file = join(directory, 'daemon.json');
  writeFileSync(file, JSON.stringify({ hosts: ['fd://', host] }));
  const before = process.env.DOCKER_HOST;
  delete process.env.DOCKER_HOST;
  t.after(() => {
    if (before !== undefined) process.env.DOCKER_HOST = before;
  });
  await stopAll({ configFile: file });
  assert.equal(stopped.length, 2);
});

test('one that cannot be stopped does not keep the others, and is told', async (t) => {
  const { host, stopped } = await engine(t, 'Gantry', ['a']);
  await assert.rejects(stopAll({ host }), /a is stuck/);
  assert.equal(stopped.length, 2);
});

test('containers of another engine at that address are let be', async (t) => {
  const { host, stopped } = await engine(t, 'Docker Engine - Community');
  await assert.rejects(stopAll({ host }), /another engine answers there: Docker Engine/);
  assert.deepEqual(stopped, []);
});
