/** Bytes on their way in: what is kept, hashed and read of them, whatever their compression. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { TarError } from '../../formats/tar/entry.ts';
import { filtered } from './filter.ts';
import { holeOf, isHole } from './holes.ts';
import { Intake, plainKept, plainSpooled } from './intake.ts';
import { plainArchive, plainChunks } from './plain.ts';
import { type Chunks, fromFile, type Incoming, inflated, ownedFileChunks, sniff } from './sources.ts';
import { temporary } from './test-tree.ts';

const MIB = 1 << 20;
const plain = Buffer.from(Array.from({ length: 700_000 }, (_, index) => (index * index) % 251));
const program = (name: string, input: Buffer) =>
  execFileSync(name, ['-c'], { input, maxBuffer: 64 * MIB, stdio: ['pipe', 'pipe', 'ignore'] });
const FORMS: readonly (readonly [string, Buffer])[] = [
  ['nothing', plain],
  ['gzip', gzipSync(plain)],
  ['zstd', zstdCompressSync(plain)],
  ['xz', program('xz', plain)],
  ['bzip2', program('bzip2', plain)],
];

/** In pieces of so many bytes, each in memory of its own. */
async function* pieces(bytes: Buffer, length: number): Chunks {
  for (let at = 0; at < bytes.length; at += length) yield Buffer.from(bytes.subarray(at, at + length));
}
const incoming = (bytes: Buffer, length = 10_000): Incoming => ({
  chunks: pieces(bytes, length),
  file: undefined,
});
async function all(chunks: Chunks): Promise<Buffer> {
  const found: Buffer[] = [];
  for await (const chunk of chunks) found.push(Buffer.from(chunk));
  return Buffer.concat(found);
}
/** A directory whose files programs that run as nobody can read, and its path. */
function open(t: TestContext): string {
  const directory = temporary(t);
  chmodSync(directory, 0o755);
  return realpathSync(directory);
}
/** Whether this process has the file open: what the collector would close some day is. */
const isOpen = (path: string): boolean =>
  readdirSync('/proc/self/fd').some((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path;
    } catch {
      return false; // the one that the directory was read by
    }
  });
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

for (const [form, packed] of FORMS) {
  test(`what is compressed by ${form} is kept and hashed as it came, and read as it is`, async (t) => {
    const keepAs = join(open(t), 'kept');
    const intake = new Intake(true, keepAs);
    assert.equal((await all(plainKept(incoming(packed), intake, keepAs))).compare(plain), 0);
    intake.close();
    assert.equal(readFileSync(keepAs).compare(packed), 0);
    assert.equal((statSync(keepAs).mode & 0o777).toString(8), '600');
    assert.equal(intake.digest(), sha256(packed));
  });

  test(`what is compressed by ${form} and lies in a file is read from there`, async (t) => {
    const path = join(open(t), 'archive');
    writeFileSync(path, packed);
    const intake = new Intake(false, undefined);
    const { signal } = new AbortController();
    assert.equal((await all(plainKept(fromFile(path, signal), intake, undefined))).compare(plain), 0);
    assert.equal(intake.digest(), undefined);
    assert.equal((await all(plainChunks(path))).compare(plain), 0);
    assert.equal((await all(plainArchive(path))).compare(plain), 0);
    assert.equal(isOpen(path), false);
  });

  test(`what is compressed by ${form} makes a file only for a program`, async (t) => {
    const spool = join(open(t), 'spool');
    assert.equal((await all(plainSpooled(incoming(packed), spool))).compare(plain), 0);
    assert.equal(existsSync(spool), form === 'xz' || form === 'bzip2');
  });
}

for (const [form, packed] of FORMS.slice(1))
  test(`what ${form} cannot read is the archive's fault`, async (t) => {
    const spool = () => join(temporary(t), 'spool');
    const broken = Buffer.concat([packed.subarray(0, 20), Buffer.alloc(500, 0xa5)]);
    for (const bytes of [broken, packed.subarray(0, packed.length >> 1)])
      await assert.rejects(all(plainSpooled(incoming(bytes), spool())), (error: Error) => {
        assert.ok(error instanceof TarError, error.message);
        assert.match(error.message, new RegExp(`^${form} data: .`));
        assert.ok(error.message.length < 600);
        return true;
      });
  });

test('who stops reading what a program decompresses ends the program', async (t) => {
  const path = join(open(t), 'large');
  writeFileSync(path, program('xz', Buffer.alloc(32 * MIB)));
  for await (const chunk of filtered(path, 'xz')) {
    assert.ok(chunk.length > 0);
    break;
  }
});

test('a hole is known by its memory, also a part of one', () => {
  assert.equal(holeOf(MIB).length, MIB);
  assert.equal(holeOf(2 * MIB).length, MIB);
  assert.deepEqual([holeOf(5), holeOf(5).subarray(1), Buffer.alloc(5)].map(isHole), [true, true, false]);
});

test('holes are hashed and counted but not written, and the file has its whole length', (t) => {
  const keepAs = join(temporary(t), 'kept');
  const intake = new Intake(true, keepAs);
  for (const chunk of [Buffer.from('ab'), holeOf(MIB), Buffer.from('cd'), holeOf(MIB)]) intake.take(chunk);
  intake.close();
  const whole = Buffer.concat([Buffer.from('ab'), Buffer.alloc(MIB), Buffer.from('cd'), Buffer.alloc(MIB)]);
  assert.equal(readFileSync(keepAs).compare(whole), 0);
  assert.ok(statSync(keepAs).blocks * 512 < MIB);
  assert.equal(intake.digest(), sha256(whole));
});

test('of a kept archive a mebibyte is read ahead, in bytes', async (t) => {
  const path = join(temporary(t), 'archive');
  writeFileSync(path, plain);
  const stream = plainArchive(path);
  assert.deepEqual([stream.readableObjectMode, stream.readableHighWaterMark], [false, MIB]);
  assert.equal((await all(stream)).compare(plain), 0);
});

test('a hole of one byte makes a file of one byte', (t) => {
  const keepAs = join(temporary(t), 'kept');
  const intake = new Intake(false, keepAs);
  intake.take(holeOf(1));
  intake.close();
  assert.deepEqual(readFileSync(keepAs), Buffer.alloc(1));
});

test('a file that is there already is not written to', (t) => {
  const path = join(temporary(t), 'kept');
  writeFileSync(path, 'there');
  assert.throws(() => new Intake(false, path), { code: 'EEXIST' });
});

test('a file is read in pieces of a mebibyte, never through a link, and no further when that is cancelled', async (t) => {
  const path = join(temporary(t), 'file');
  writeFileSync(path, Buffer.alloc(2 * MIB + 1, 'x'));
  const lengths: number[] = [];
  for await (const { length } of ownedFileChunks(path)) lengths.push(length);
  assert.deepEqual(lengths, [MIB, MIB, 1]);
  const cancel = new AbortController();
  let read = 0;
  await assert.rejects(async () => {
    for await (const chunk of fromFile(path, cancel.signal).chunks) {
      read += chunk.length;
      cancel.abort();
    }
  }, /abort/i);
  assert.equal(read, MIB);
  symlinkSync(path, `${path}-link`);
  await assert.rejects(all(ownedFileChunks(`${path}-link`)), { code: 'ELOOP' });
});

for (const length of [1, 2, 3, 5, 6, 7, 1000])
  test(`the first bytes say what it is, however they come: ${length} at a time`, async () => {
    for (const [form, packed] of FORMS) {
      const head = packed.subarray(0, 1000);
      const { compression, chunks } = await sniff(pieces(head, length));
      assert.equal(compression, form === 'nothing' ? 'none' : form);
      assert.equal((await all(chunks)).compare(head), 0);
    }
    for (const short of ['', 'a', 'ab']) {
      const { compression, chunks } = await sniff(pieces(Buffer.from(short), length));
      assert.deepEqual([compression, String(await all(chunks))], ['none', short]);
    }
  });

for (const first of [0, 1, 2, 5, 6, 7])
  test(`nothing is lost of what came before a large piece: ${first} bytes`, async () => {
    async function* uneven(): Chunks {
      yield Buffer.from(plain.subarray(0, first));
      yield Buffer.from(plain.subarray(first, 1000));
    }
    const { chunks } = await sniff(uneven());
    assert.equal((await all(chunks)).compare(plain.subarray(0, 1000)), 0);
  });

test('of nothing comes nothing', async () => {
  const { chunks } = await sniff(pieces(Buffer.alloc(0), 1));
  for await (const chunk of chunks) assert.fail(`${chunk.length} bytes`);
});

test('who stops reading ends what the bytes come from', async () => {
  let ended = false;
  async function* endless(): Chunks {
    try {
      for (;;) yield Buffer.alloc(10, 'x');
    } finally {
      ended = true;
    }
  }
  const { chunks } = await sniff(endless());
  for await (const _ of chunks) break;
  assert.equal(ended, true);
});

test('what fails on its way in fails as it is, not as bad data', async () => {
  async function* failing(): Chunks {
    yield gzipSync(plain).subarray(0, 100);
    throw new RangeError('the client went');
  }
  await assert.rejects(all(inflated(failing(), 'gzip')), /the client went/);
});
