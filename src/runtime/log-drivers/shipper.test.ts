import assert from 'node:assert/strict';
import { closeSync, mkdirSync, mkdtempSync, rmSync, writeSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pipe } from '../../linux/index.ts';
import { OutputWriter } from '../output/writer.ts';
import type { ShipNews } from './protocol.ts';
import { Shipper } from './shipper.ts';
import { openSink } from './sinks.ts';
import type { SyslogTarget } from './syslog.ts';

function place(t: TestContext, dropBeyond?: number) {
  const root = mkdtempSync(join(tmpdir(), 'gantry-shipper-'));
  const directory = join(root, 'log');
  mkdirSync(directory);
  const { read, write } = pipe(true);
  const writer = new OutputWriter(directory, { bytes: Number.POSITIVE_INFINITY, segmentBytes: 50_000 });
  const target: SyslogTarget = {
    is: 'syslog',
    address: { is: 'unix', path: join(root, 's') },
    facility: 3,
    format: '',
    tag: 'tag',
    hostname: 'host',
    tls: { caFile: undefined, certFile: undefined, keyFile: undefined, skipVerify: false },
  };
  const troubles: string[] = [];
  const dropped: number[] = [];
  const waiting: (() => void)[] = [];
  const look = () => {
    for (const each of waiting.splice(0)) each();
  };
  const tell = (news: ShipNews) => {
    if (news.is === 'warning') assert.fail(news.message);
    if (news.is === 'dropped') dropped.push(news.bytes);
    if (news.is === 'trouble') troubles.push(news.message);
    if (news.is === 'trouble' || news.is === 'idle') look();
  };
  const shippers: { shipper: Shipper; over: Promise<void> }[] = [];
  t.after(async () => {
    for (const { shipper } of shippers) shipper.leave();
    await Promise.all(shippers.map(({ over }) => over));
    writer.finish();
    for (const fd of [read, write]) closeSync(fd);
    rmSync(root, { recursive: true });
  });
  return {
    troubles,
    dropped,
    path: target.address.is === 'unix' ? target.address.path : '',
    say(text: string) {
      for (let at = 0; at < text.length; at += 30_000) {
        writeSync(write, text.slice(at, at + 30_000));
        while (writer.pump('stdout', read) === 'more');
      }
      for (const { shipper } of shippers) shipper.grown();
    },
    begin() {
      const shipper = new Shipper({ directory, target, dropBeyond }, tell, openSink);
      shippers.push({ shipper, over: shipper.run() });
      return shipper;
    },
    async until(is: () => boolean) {
      while (!is()) await new Promise<void>((resolve) => waiting.push(resolve));
    },
    look,
  };
}

/** A daemon that keeps the lines it is sent. */
function daemonAt(t: TestContext, path: string, onLine: () => void) {
  let text = '';
  const sockets = new Set<Socket>();
  const server = createServer((one) => {
    sockets.add(one);
    one.on('error', () => undefined);
    one.on('data', (bytes) => {
      text += bytes;
      onLine();
    });
  });
  const close = () => {
    for (const one of sockets) one.destroy();
    server.close();
  };
  t.after(close);
  const ready = new Promise<void>((resolve) => server.listen(path, () => resolve()));
  return { ready, lines: () => [...text.matchAll(/\]: (.*)\n/g)].map(([, line]) => line) };
}

const numbered = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => `line ${from + i}`);
const spoken = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

test('what is said while the daemon is away is sent when it comes, once and in order', async (t) => {
  const log = place(t);
  log.say(spoken(numbered(0, 3000)));
  const shipper = log.begin();
  await log.until(() => log.troubles.length > 0);
  assert.match(log.troubles.join(), /ENOENT/);
  const daemon = daemonAt(t, log.path, log.look);
  await daemon.ready;
  log.say(spoken(numbered(3000, 4000)));
  await log.until(() => daemon.lines().length >= 4000);
  assert.deepEqual(daemon.lines(), numbered(0, 4000));
  shipper.finish();
});

test('in non-blocking mode the oldest is sent, what is too much is lost by whole lines, and what comes then is sent', async (t) => {
  const log = place(t, 100_000);
  const daemon = daemonAt(t, log.path, log.look);
  await daemon.ready;
  log.say(`${spoken(numbered(0, 100_000))}begun `);
  log.begin();
  await log.until(() => log.dropped.length > 0);
  log.say(`is lost\n${spoken(numbered(200_000, 200_010))}`);
  await log.until(() => daemon.lines().at(-1) === 'line 200009');
  const sent = daemon.lines();
  const kept = sent.slice(0, -10);
  assert.deepEqual(kept, numbered(0, kept.length));
  assert(spoken(kept).length > 90_000 && spoken(kept).length < 300_000, String(spoken(kept).length));
  assert.deepEqual(sent.slice(-10), numbered(200_000, 200_010));
  assert.equal(log.dropped.length, 1);
});
