import assert from 'node:assert/strict';
import { closeSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { silentLog } from '../../base/log.ts';
import { pipe } from '../../linux/index.ts';
import { OutputWriter } from '../output/writer.ts';
import { LogDelivery, type ShipThread } from './delivery.ts';
import { isBehind } from './log-drivers.ts';
import type { ToShipper } from './protocol.ts';

const REST_MS = 10_000;

/** A log with a file, and a thread of which only is known what it was told. */
function place(t: TestContext, isBusy = false) {
  const root = mkdtempSync(join(tmpdir(), 'gantry-delivery-'));
  const directory = join(root, 'log');
  mkdirSync(directory);
  const { read, write } = pipe(true);
  const writer = new OutputWriter(directory);
  const path = join(root, 'x-json.log');
  const told: string[] = [];
  let ships = 0;
  const thread: ShipThread = {
    take: () => {
      told.push('take');
      return ++ships;
    },
    post: ({ is }: ToShipper) => void told.push(is),
    isBetter: () => isBusy,
  };
  const target = {
    is: 'json-file',
    path,
    maxBytes: undefined,
    files: 1,
    compress: false,
    attributes: '',
  } as const;
  t.after(() => {
    writer.finish();
    for (const fd of [read, write]) closeSync(fd);
    rmSync(root, { recursive: true });
  });
  return {
    root,
    directory,
    told,
    begin: () =>
      new LogDelivery({ directory, target, dropBeyond: undefined }, writer, {
        thread,
        log: silentLog,
        isBehind: isBehind(directory),
      }),
    say(text: string) {
      for (let at = 0; at < text.length; at += 30_000) {
        writeSync(write, text.slice(at, at + 30_000));
        while (writer.pump('stdout', read) === 'more');
      }
    },
    end: () => writer.endRun(),
    position: () => writer.end,
    logged: () =>
      readFileSync(path, 'utf8')
        .split('\n')
        .slice(0, -1)
        .map((line) => (JSON.parse(line) as { log: string }).log),
  };
}

test('a run that writes nothing has its file, and wakes no thread', async (t) => {
  const log = place(t);
  const delivery = log.begin();
  await delivery.opened;
  assert.deepEqual(log.logged(), []);
  await delivery.finish();
  assert.deepEqual(log.told, []);
  assert.equal(isBehind(log.directory), false);
});

test('a little is in the file when the run has ended, and no thread was needed; the next run goes on behind it', async (t) => {
  const log = place(t);
  const first = log.begin();
  log.say('one\ntwo');
  assert.equal(isBehind(log.directory), true);
  log.end();
  await first.finish();
  assert.equal(isBehind(log.directory), false);
  const second = log.begin();
  log.say('three\n');
  await second.finish();
  assert.deepEqual(log.logged(), ['one\n', 'two', 'three\n']);
  assert.deepEqual(log.told, []);
});

test('a little is in the file a moment after it was written', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const log = place(t);
  const delivery = log.begin();
  for (const line of ['one\n', 'two\n']) {
    log.say(line);
    t.mock.timers.tick(100);
    while (!log.logged().includes(line)) await new Promise(setImmediate);
    await new Promise(setImmediate);
  }
  await delivery.leave();
  assert.deepEqual(log.told, []);
});

test('much is for the thread', async (t) => {
  const log = place(t);
  const delivery = log.begin();
  log.say('0123456789\n'.repeat(20_000));
  assert.deepEqual(log.told, ['take']);
  void delivery.finish();
  await new Promise(setImmediate);
  assert.deepEqual(log.told, ['take', 'finish']);
  delivery.hear({ is: 'closed', ship: 1 });
});

test('a little is for the thread where many logs have a little', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const log = place(t, true);
  const delivery = log.begin();
  log.say('one\n');
  assert.deepEqual(log.told, []);
  t.mock.timers.tick(100);
  assert.deepEqual(log.told, ['take']);
  const left = delivery.leave();
  await new Promise(setImmediate);
  delivery.hear({ is: 'closed', ship: 1 });
  await left;
});

test('a log that is written to all the time is for the thread', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const log = place(t);
  const delivery = log.begin();
  let lines = 0;
  while (log.told.length === 0 && lines < 100) {
    lines += 1;
    log.say(`${lines}\n`);
    t.mock.timers.tick(100);
    while (log.told.length === 0 && log.logged().length < lines) await new Promise(setImmediate);
    await new Promise(setImmediate);
  }
  assert.deepEqual(log.told, ['take']);
  const left = delivery.leave();
  await new Promise(setImmediate);
  delivery.hear({ is: 'closed', ship: 1 });
  await left;
});

test('what rests leaves the thread, and loses nothing that is written meanwhile', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const log = place(t);
  const delivery = log.begin();
  log.say(`${'0'.repeat(200_000)}\n`);
  for (let idle = 0; idle < 2; idle++) delivery.hear({ is: 'idle', ship: 1, position: log.position() });
  t.mock.timers.tick(REST_MS);
  assert.deepEqual(log.told, ['take', 'grown', 'leave']);
  log.say('meanwhile\n');
  log.end();
  const finished = delivery.finish();
  delivery.hear({ is: 'closed', ship: 1 });
  await finished;
  assert.equal(log.logged().at(-1), 'meanwhile\n');
  assert.equal(log.told.at(-1), 'leave');
});

test('what cannot be written here is for the thread, which tries again', async (t) => {
  const log = place(t);
  const delivery = log.begin();
  await delivery.opened;
  rmSync(join(log.root, 'x-json.log'));
  mkdirSync(join(log.root, 'x-json.log'));
  log.say('one\n');
  const finished = delivery.finish();
  while (!log.told.includes('finish')) await new Promise(setImmediate);
  assert.deepEqual(log.told, ['take', 'finish']);
  delivery.hear({ is: 'closed', ship: 1 });
  await finished;
});

test('a file that cannot be opened is told of when the container starts', async (t) => {
  const log = place(t);
  mkdirSync(join(log.root, 'x-json.log'));
  const delivery = log.begin();
  await assert.rejects(delivery.opened, /EISDIR/);
  await delivery.leave();
});
