/** Security cases SC-DOS-08 to 10: containers that print without end, listeners that have stopped, samples for many. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { ownMiB } from '../harness/memory.ts';

const MIB = 1 << 20;
const PATIENCE_MS = 120_000;

let gantry: Gantry;
const ends: (() => Promise<void>)[] = [];
before(async () => {
  gantry = await startGantry({ after: (end) => void ends.push(end) });
});
after(() => Promise.all(ends.map((end) => end())));

async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; !(await holds()); ) {
    assert.ok(Date.now() < end, `waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function run(...Cmd: readonly string[]): Promise<{ id: string; pid: number }> {
  const HostConfig = { NetworkMode: 'none', LogConfig: { Type: 'local', Config: { 'max-size': '4m' } } };
  const made = await gantry.api().post('/containers/create', { Image: 'busybox', Cmd, HostConfig });
  assert.equal(made.status, 201, made.text);
  const { Id: id } = made.json<{ Id: string }>();
  assert.equal((await gantry.api().post(`/containers/${id}/start`)).status, 204);
  const { State } = (await gantry.api().get(`/containers/${id}/json`)).json<{ State: { Pid: number } }>();
  return { id, pid: State.Pid };
}

const remove = async (id: string): Promise<void> =>
  assert.equal((await gantry.api().delete(`/containers/${id}?force=1`)).status, 204);

const descriptors = (): number => readdirSync(`/proc/${gantry.pid}/fd`).length;
/** Bytes that a process has written. */
const written = (pid: number): number =>
  Number(/^wchar: (\d+)/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1]);

/** A client that has asked, got the beginning of its answer, and reads no more. */
async function stopped(method: string, path: string): Promise<Socket> {
  const socket = gantry.api().connect();
  socket.on('error', () => undefined);
  socket.write(`${method} ${path} HTTP/1.1\r\nHost: docker\r\nContent-Length: 0\r\n\r\n`);
  await once(socket, 'readable');
  return socket;
}

/** Lets a container print so much, answers others meanwhile. By how much the engine's memory grew at most, in MiB. */
async function grownWhilePrinting(pid: number, bytes: number): Promise<number> {
  const start = ownMiB(gantry);
  const printed = written(pid);
  let most = start;
  await until('output', async () => {
    assert.equal((await gantry.api().get('/_ping')).status, 200);
    most = Math.max(most, ownMiB(gantry));
    return written(pid) - printed > bytes;
  });
  return most - start;
}

/** A container that prints without end. What any output needs is there. */
async function printing(): Promise<{ id: string; pid: number }> {
  const container = await run('yes', 'a line of output');
  await until('the first MiB', () => written(container.pid) > MIB);
  return container;
}

test('SC-DOS-08, RC-B04: a container prints without end while nobody is attached, and the memory of the engine stays', async (t) => {
  const before = descriptors();
  const { id, pid } = await printing();
  const grown = await grownWhilePrinting(pid, 192 * MIB);
  t.diagnostic(`${grown} MiB`);
  assert.ok(grown < 32, `${grown} MiB more`);
  await remove(id);
  await until('descriptors', () => descriptors() <= before);
});

test('SC-DOS-08, RC-L02: those who follow a log and have stopped reading are left behind, and cost little', async (t) => {
  const before = descriptors();
  const { id, pid } = await printing();
  const following = [1, 2, 3].map(() => stopped('GET', `/containers/${id}/logs?stdout=1&follow=1`));
  const clients = await Promise.all(following);
  // More than they may be behind.
  const grown = await grownWhilePrinting(pid, 192 * MIB);
  t.diagnostic(`${grown} MiB`);
  assert.ok(grown < 32, `${grown} MiB more`);
  for (const client of clients) client.destroy();
  await remove(id);
  await until('descriptors', () => descriptors() <= before);
});

test('SC-DOS-08, RC-L02: a container waits for those who are attached, as on a full pipe, and goes on when they leave', async (t) => {
  const before = descriptors();
  const { id, pid } = await printing();
  const attached = [1, 2, 3].map(() =>
    stopped('POST', `/containers/${id}/attach?stream=1&stdout=1&stderr=1`),
  );
  const clients = await Promise.all(attached);
  const behind = await grownWhilePrinting(pid, 32 * MIB);
  for (const client of clients) client.destroy();
  const alone = await grownWhilePrinting(pid, 96 * MIB);
  t.diagnostic(`${behind} MiB, ${alone} MiB`);
  assert.ok(behind < 32 && alone < 32, `${behind} and ${alone} MiB more`);
  await remove(id);
  await until('descriptors', () => descriptors() <= before);
});

test('SC-DOS-10: sixty clients of a container share one sampler, which ends with them', async () => {
  const before = descriptors();
  const { id } = await run('sleep', '1000');
  const clients = Array.from({ length: 60 }, () => samplesOf(id, 4));
  const samples = await Promise.all(clients);
  const times = new Set(samples.flat());
  assert.equal(samples.flat().length, 240);
  // Sixty samplers would have given as many times for each.
  assert.ok(times.size < 60, `${times.size} samples were taken`);
  await until('descriptors', () => descriptors() <= before + 10);
  await remove(id);
  await until('descriptors', () => descriptors() <= before);
});

/** When the first `count` samples of a stream were taken. */
async function samplesOf(id: string, count: number): Promise<string[]> {
  const socket = gantry.api().connect();
  let text = '';
  const times = () => [...text.matchAll(/"read":"(2[^"]*)"/g)].map(([, time = '']) => time);
  socket.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
    if (times().length >= count) socket.destroy();
  });
  socket.write(`GET /containers/${id}/stats HTTP/1.1\r\nHost: docker\r\n\r\n`);
  await once(socket, 'close');
  return times().slice(0, count);
}
