import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, rmdirSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { silentLog } from '../../base/log.ts';
import { pipe, Reactor, readableBytes } from '../../linux/index.ts';
import { OutputWriter } from '../output/writer.ts';
import { Drain } from './drain.ts';
import { outputPipe } from './stdio.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root: it mounts a small file system';

/** A log on a file system of 256 KiB, and a pipe that is drained into it. */
function place(t: TestContext, isLossy: boolean) {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-drain-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', directory]);
  const reactor = new Reactor((error) => assert.fail(String(error)));
  const { read, write } = pipe(true);
  const writer = new OutputWriter(directory, { bytes: 1e9, segmentBytes: 12 << 20, isLossy });
  const told: string[] = [];
  const warned = Promise.withResolvers<void>();
  const log = {
    ...silentLog,
    warn(event: string) {
      told.push(event);
      warned.resolve();
    },
  };
  const drain = new Drain({ stream: 'stdout', fd: read, pipe: undefined }, writer, reactor, log);
  t.after(() => {
    drain.stop();
    writer.finish();
    reactor.close();
    for (const fd of [read, write]) closeSync(fd);
    execFileSync('umount', [directory]);
    rmdirSync(directory);
  });
  return { write, drain, told, warned: warned.promise, waiting: () => readableBytes(read) };
}

function fill(write: number): void {
  const bytes = Buffer.alloc(60_000, 'x');
  writeSync(write, bytes);
}

for (const [mode, isLossy, event] of [
  ['the container waits for a full disk', false, 'output.blocked'],
  ['in non-blocking mode what a full disk does not take is lost, and told of', true, 'output.lost'],
] as const)
  test(mode, { skip }, async (t) => {
    const { write, drain, told, warned, waiting } = place(t, isLossy);
    for (let i = 0; i < 6; i++) {
      if (waiting() === 0) fill(write);
      try {
        drain.step();
      } catch {
        break;
      }
    }
    if (waiting() === 0) fill(write);
    drain.start();
    await warned;
    assert.deepEqual(told, [event]);
    assert.equal(waiting() === 0, isLossy);
  });

test('RC-B04: who writes as fast as it can has no more of a turn of the loop than what its pipe holds', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-drain-'));
  const reactor = new Reactor((error) => assert.fail(String(error)));
  const { ours, theirs } = outputPipe();
  const writer = new OutputWriter(directory);
  const drain = new Drain({ stream: 'stdout', fd: ours, pipe: undefined }, writer, reactor, silentLog);
  const zeros = spawn('cat', ['/dev/zero'], { stdio: ['ignore', theirs, 'ignore'] });
  t.after(async () => {
    zeros.kill('SIGKILL');
    drain.stop();
    writer.finish();
    reactor.close();
    for (const fd of [ours, theirs]) closeSync(fd);
    rmSync(directory, { recursive: true });
  });
  drain.start();
  let [most, turns] = [0, 0];
  for (let before = 0; before < 256 << 20; turns++) {
    await turnOfTheLoop();
    most = Math.max(most, writer.totalBytes - before);
    before = writer.totalBytes;
  }
  t.diagnostic(`at most ${most >> 10} KiB in one of ${turns} turns`);
  assert.ok(most <= 256 << 10, `${most} bytes in one turn`);
});
