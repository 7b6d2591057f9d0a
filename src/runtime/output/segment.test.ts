import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { encodeRecord, type GoodRecord } from './record.ts';
import { orphanNumbers, Segment, segmentBytes, segmentNumbers, unlinkSegment } from './segment.ts';

function newDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-segment-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}
const recordTo = (end: number): GoodRecord => ({ is: 'bytes', at: BigInt(end), stream: 'stdout', end });
const openDescriptors = (): number => readdirSync('/proc/self/fd').length;

test('segments are known by their index, in the order of their numbers', () => {
  const names = [
    '10.idx',
    '9.idx',
    '9.out',
    '1.err',
    'x2.idx',
    '3.idx.old',
    '4.idxx',
    '.idx',
    '5idx',
    '100.idx',
  ];
  assert.deepEqual(segmentNumbers(names), [9, 10, 100]);
});

test('bytes without an index are what a removal left', () => {
  const names = ['1.out', '1.err', '2.idx', '2.out', '3.err', 'x4.out', '5.outer', '.out', '6out'];
  assert.deepEqual(orphanNumbers(names), [1, 3]);
});

test('a segment has the bytes of its three files; those that are not there have none', (t) => {
  const directory = newDirectory(t);
  assert.equal(segmentBytes(directory, 1), 0);
  writeFileSync(`${directory}/1.out`, 'four');
  writeFileSync(`${directory}/1.idx`, 'sixteen');
  assert.equal(segmentBytes(directory, 1), 11);
  writeFileSync(`${directory}/1.err`, 'x');
  assert.equal(segmentBytes(directory, 1), 12);
  assert.equal(segmentBytes(directory, 2), 0);
});

test('a removal takes all three files, whichever of them are left', (t) => {
  const directory = newDirectory(t);
  Segment.open(directory, 7, 'write').close();
  Segment.open(directory, 8, 'write').close();
  rmSync(`${directory}/7.out`);
  for (let times = 2; times > 0; times--) unlinkSegment(directory, 7);
  assert.deepEqual(readdirSync(directory).sort(), ['8.err', '8.idx', '8.out']);
});

test('what is written is for the engine and its group alone', (t) => {
  const directory = newDirectory(t);
  Segment.open(directory, 1, 'write').close();
  for (const kind of ['out', 'err', 'idx'])
    assert.equal((statSync(`${directory}/1.${kind}`).mode & 0o137).toString(8), '0');
});

test('whole records are counted and read, a torn one at the end is not', (t) => {
  const directory = newDirectory(t);
  const segment = Segment.open(directory, 1, 'write');
  t.after(() => segment.close());
  const records = [1, 2, 3].map(recordTo);
  records.forEach((record, count) => segment.appendRecord(count, record));
  for (const torn of [0, 1, 15]) {
    if (torn > 0) appendFileSync(`${directory}/1.idx`, Buffer.alloc(torn === 15 ? 14 : 1));
    assert.equal(segment.recordCount(), 3);
    assert.deepEqual(segment.records(0, 9), records);
    assert.deepEqual(segment.records(1, 2), [recordTo(2)]);
    assert.deepEqual(segment.records(2, 2), []);
    assert.deepEqual(segment.records(3, 1), []);
    assert.equal(
      segment.rawRecords().toString('hex'),
      Buffer.concat(records.map(encodeRecord)).toString('hex'),
    );
  }
  segment.appendRecord(3, recordTo(4));
  assert.deepEqual(segment.records(0, 9), [1, 2, 3, 4].map(recordTo));
});

test('a tail is replaced by what is longer or shorter', (t) => {
  const directory = newDirectory(t);
  writeFileSync(`${directory}/1.out`, 'keep and replace');
  writeFileSync(`${directory}/1.err`, 'other');
  const segment = Segment.open(directory, 1, 'write');
  t.after(() => segment.close());
  const text = () => {
    const bytes = Buffer.alloc(99);
    return bytes.toString('utf8', 0, segment.read('stdout', bytes, 0));
  };
  segment.replaceTail('stdout', 5, Buffer.from('a'));
  assert.deepEqual([text(), segment.sizeOf('stdout')], ['keep a', 6]);
  segment.replaceTail('stdout', 5, Buffer.from('longer'));
  assert.deepEqual([text(), segment.sizeOf('stdout'), segment.sizeOf('stderr')], ['keep longer', 11, 5]);
});

test('to be read a segment needs its index alone; without one it is gone, and nothing stays open', (t) => {
  const directory = newDirectory(t);
  Segment.open(directory, 1, 'write').close();
  rmSync(`${directory}/1.err`);
  const before = openDescriptors();
  const segment = Segment.open(directory, 1, 'read');
  assert.deepEqual([segment.sizeOf('stderr'), openDescriptors()], [0, before + 3]);
  segment.close();
  rmSync(`${directory}/1.idx`);
  assert.throws(() => Segment.open(directory, 1, 'read'), { code: 'ENOENT' });
  assert.equal(openDescriptors(), before);
  assert.equal(existsSync(`${directory}/1.idx`), false);
});

test('a meter counts each segment and every byte that is read', (t) => {
  const directory = newDirectory(t);
  const meter = { segments: 0, bytes: 0 };
  const written = Segment.open(directory, 1, 'write');
  for (const count of [0, 1]) written.appendRecord(count, recordTo(count));
  written.replaceTail('stdout', 0, Buffer.from('hello'));
  written.close();
  for (const times of [1, 2]) {
    const segment = Segment.open(directory, 1, 'read', meter);
    segment.records(0, 1);
    segment.rawRecords();
    segment.read('stdout', Buffer.alloc(9), 1);
    segment.count(100);
    segment.close();
    assert.deepEqual(meter, { segments: times, bytes: times * (16 + 32 + 4 + 100) });
  }
});
