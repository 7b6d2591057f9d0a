import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import { after, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { growPipe, ioctl, pipe, Reactor, readableBytes, writeNow } from '../../linux/index.ts';
import { outputPipe } from '../streams/stdio.ts';
import { OutputPort } from './port.ts';
import type { FirstBytes } from './writer.ts';

const faults: unknown[] = [];
const reactor = new Reactor((error) => faults.push(error));
after(() => {
  reactor.close();
  assert.deepEqual(faults, []);
});

/** A port, the end that is written to, and what it has given until now. */
function openPort(t: TestContext, onFirstBytes?: FirstBytes) {
  const { read, write } = pipe(true);
  const port = new OutputPort(read, reactor, onFirstBytes);
  let isOpen = true;
  const closeWriter = (): void => {
    if (isOpen) closeSync(write);
    isOpen = false;
  };
  t.after(() => {
    port.close();
    closeWriter();
  });
  const given: Buffer[] = [];
  const reading = (async () => {
    for await (const chunk of port.chunks()) given.push(chunk);
    return String(Buffer.concat(given));
  })();
  return { port, read, write, given, reading, closeWriter };
}
/** Asks again and again: how long a busy machine takes says nothing. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(1);
}
const isClosed = (fd: number): boolean => {
  try {
    fstatSync(fd);
    return false;
  } catch {
    return true;
  }
};

test('what is written is given as it comes, until every writer has closed', async (t) => {
  const { read, write, given, reading, closeWriter } = openPort(t);
  for (const [index, text] of ['one', 'two'].entries()) {
    writeSync(write, text);
    await until(() => given.length > index);
  }
  assert.deepEqual(given.map(String), ['one', 'two']);
  closeWriter();
  assert.equal(await reading, 'onetwo');
  assert.equal(isClosed(read), true);
});

test('pieces are 64 KiB at most', async (t) => {
  const { write, given, reading, closeWriter } = openPort(t);
  const text = 'x'.repeat(65_536);
  writeSync(write, text);
  await until(() => given.length > 0);
  writeSync(write, 'y');
  closeWriter();
  assert.equal(await reading, `${text}y`);
  assert.deepEqual(
    given.map(({ length }) => length),
    [65_536, 1],
  );
});

test('of a pipe that holds more a piece is 64 KiB too', async (t) => {
  const { read, write } = pipe(true);
  growPipe(write, 1 << 20);
  writeSync(write, Buffer.alloc(200 << 10, 'x'));
  closeSync(write);
  const port = new OutputPort(read, reactor);
  t.after(() => port.close());
  const pieces = await Array.fromAsync(port.chunks(), ({ length }) => length >> 10);
  assert.deepEqual(pieces, [64, 64, 64, 8]);
});

test('when the process has ended, what is there is given, and nothing more is waited for', async (t) => {
  const { port, write, reading } = openPort(t);
  writeSync(write, 'last words');
  port.drainAndEnd();
  assert.equal(await reading, 'last words');
});

test('a read that waits ends with the process, or with the port', async (t) => {
  for (const end of ['drainAndEnd', 'close'] as const) {
    const { port, read, reading } = openPort(t);
    await sleep(20);
    port[end]();
    assert.equal(await reading, '');
    assert.equal(isClosed(read), true);
    port.close();
  }
});

test('a port that is closed gives nothing of what is there', async (t) => {
  const { port, write, reading } = openPort(t);
  await sleep(20);
  port.close();
  assert.throws(() => writeSync(write, 'nobody reads'), { code: 'EPIPE' });
  assert.equal(await reading, '');
});

test('the first bytes may be replaced, and only they', async (t) => {
  const asked: string[] = [];
  const { write, given, reading, closeWriter } = openPort(t, (bytes, text) => {
    asked.push(`${bytes} ${text()}`);
    return Buffer.from('instead ');
  });
  writeSync(write, '{"first"}');
  await until(() => given.length > 0);
  writeSync(write, 'second');
  closeWriter();
  assert.equal(await reading, 'instead second');
  assert.deepEqual(asked, ['9 {"first"}']);
});

test('first bytes that nothing replaces stay', async (t) => {
  const { write, reading, closeWriter } = openPort(t, () => undefined);
  writeSync(write, 'first');
  closeWriter();
  assert.equal(await reading, 'first');
});

test('what is discarded is read on, so that its writer never waits, and not given', async (t) => {
  const { port, write, given, reading, closeWriter } = openPort(t);
  const sink = openSync('/dev/null', 'w');
  t.after(() => closeSync(sink));
  writeSync(write, 'given');
  await until(() => given.length > 0);
  port.discard(sink);
  for (let left = 1 << 20; left > 0; await sleep(1))
    left -= Math.max(0, writeNow(write, Buffer.alloc(Math.min(left, 65_536), 'x')));
  closeWriter();
  assert.match(await reading, /^givenx{0,65536}$/, 'a read that waited may give one piece more');
});

test('discarding ends with the process too', async (t) => {
  const { port, write, reading } = openPort(t);
  const sink = openSync('/dev/null', 'w');
  t.after(() => closeSync(sink));
  port.discard(sink);
  writeSync(write, 'x');
  await sleep(20);
  port.drainAndEnd();
  assert.ok((await reading).length <= 1);
});

test('what is discarded is dropped by 256 KiB, and others have their turn between', async (t) => {
  const { read, write } = pipe(true);
  const port = new OutputPort(read, reactor);
  const sink = openSync('/dev/null', 'w');
  t.after(() => {
    port.close();
    closeSync(sink);
  });
  growPipe(write, 1 << 20);
  writeSync(write, Buffer.alloc(1 << 20, 'x'));
  closeSync(write);
  port.discard(sink);
  const end = port.chunks().next();
  assert.equal(readableBytes(read) >> 10, 768);
  assert.equal((await end).done, true);
});

/** A terminal: the side that is ours, and the one that a process has. */
function terminal(): { ours: number; theirs: number } {
  const flags = constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK;
  const ours = openSync('/dev/ptmx', flags);
  const [unlockPty, numberOfPty] = [0x40045431, 0x80045430];
  ioctl(ours, unlockPty, Buffer.alloc(4));
  const number = Buffer.alloc(4);
  ioctl(ours, numberOfPty, number);
  return { ours, theirs: openSync(`/dev/pts/${number.readUInt32LE()}`, flags) };
}

test('a terminal that no process has open any more is at its end', async () => {
  const { ours, theirs } = terminal();
  const port = new OutputPort(ours, reactor);
  const given: string[] = [];
  writeSync(theirs, 'last words');
  closeSync(theirs);
  for await (const chunk of port.chunks()) given.push(String(chunk));
  assert.deepEqual(given, ['last words']);
  assert.equal(isClosed(ours), true);
});

test('what cannot be read is an error, and the port is closed', async () => {
  const directory = openSync('/', 'r');
  const port = new OutputPort(directory, reactor);
  await assert.rejects(Array.fromAsync(port.chunks()), { code: 'EISDIR' });
  assert.equal(isClosed(directory), true);
});

test('RC-B04: a program that writes as fast as it is read leaves others their turns of the loop', async (t) => {
  const { ours, theirs } = outputPipe();
  const port = new OutputPort(ours, reactor);
  const zeros = spawn('cat', ['/dev/zero'], { stdio: ['ignore', theirs, 'ignore'] });
  closeSync(theirs);
  t.after(() => void zeros.kill('SIGKILL'));
  let [given, before, most] = [0, 0, 0];
  const turn = (): void => {
    most = Math.max(most, given - before);
    before = given;
    if (given < 16 << 20) setImmediate(turn);
  };
  setImmediate(turn);
  for await (const { length } of port.chunks()) {
    given += length;
    if (given >= 16 << 20) break;
  }
  assert.ok(most <= 512 << 10, `${most} bytes in one turn`);
  assert.ok(before > 0, 'nobody else had a turn');
});
