/** Sparse files, as GNU tar writes them in each of its forms, and maps that no program wrote. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { TAR_LIMITS, type TarEntry, TarError } from './entry.ts';
import { TarReader } from './reader.ts';
import { LeadingMap, oldGnuRealSize, paxSparse, readOldGnuMap, SparseMap } from './sparse.ts';

const STEP = 1 << 14;

/** A file with a few bytes every `STEP` bytes, and a hole at its end. */
function makeSparse(path: string, parts: number): void {
  const fd = openSync(path, 'w');
  for (let part = 0; part < parts; part++) writeSync(fd, `part ${part}`, part * STEP);
  ftruncateSync(fd, parts * STEP + 5);
  closeSync(fd);
}

/** The archive's members, and the bytes of each, cut into chunks of `cut` bytes. */
function read(archive: Buffer, cut: number): { entry: TarEntry; data: Buffer; given: number }[] {
  const found: { entry: TarEntry; data: Buffer; given: number }[] = [];
  const reader = new TarReader({
    entry: (entry) => void found.push({ entry, data: Buffer.alloc(entry.size), given: 0 }),
    data: (bytes, offset) => {
      bytes.copy(found.at(-1)!.data, offset);
      found.at(-1)!.given += bytes.length;
    },
    end: () => undefined,
  });
  for (let at = 0; at < archive.length; at += cut) reader.push(archive.subarray(at, at + cut));
  reader.finish();
  return found;
}

/** Parts that fill a header's map, and one or two blocks of those that follow it in GNU's own form, and one more. */
const PARTS = [1, 4, 5, 25, 26, 60];

function sparseFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sparse-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const parts of PARTS) makeSparse(join(folder, String(parts)), parts);
  return folder;
}

for (const form of ['gnu', '0.0', '0.1', '1.0'])
  test(`files of few and many parts are read from GNU tar's form ${form}`, (t) => {
    const folder = sparseFolder(t);
    const format = form === 'gnu' ? ['--format=gnu'] : ['--format=posix', `--sparse-version=${form}`];
    const command = [...format, '-cS', '--hole-detection=raw', ...PARTS.map(String)];
    const archive = execFileSync('tar', command, { cwd: folder, maxBuffer: 1 << 24 });
    for (const cut of [archive.length, 700]) {
      const found = read(archive, cut);
      for (const [i, parts] of PARTS.entries()) {
        const whole = readFileSync(join(folder, String(parts)));
        assert.equal(found[i]?.entry.path, String(parts));
        assert(found[i]?.data.equals(whole));
        assert(found[i].given < whole.length, 'holes are not given');
      }
    }
  });

const map = (...numbers: number[]): SparseMap => {
  const made = new SparseMap();
  for (let i = 0; i < numbers.length; i += 2) made.add(numbers[i]!, numbers[i + 1]!);
  return made;
};

test('runs are in order and inside of the file, with as many bytes as are stored', () => {
  assert.deepEqual(map(0, 2, 2, 3, 9, 1).checked(10, 6), [
    { offset: 0, bytes: 2 },
    { offset: 2, bytes: 3 },
    { offset: 9, bytes: 1 },
  ]);
  assert.deepEqual(map(0, 0, 5, 2, 7, 0, 10, 0).checked(10, 2), [{ offset: 5, bytes: 2 }]);
  assert.deepEqual(map().checked(0, 0), []);
});

for (const [what, numbers, size, stored] of [
  ['overlap', [0, 2, 1, 2], 10, 4],
  ['go back', [5, 1, 0, 1], 10, 2],
  ['leave the file', [9, 2], 10, 2],
  ['begin behind the file', [11, 0], 10, 0],
  ['have less than no bytes', [0, 5, 5, -1, 5, 1], 10, 5],
  ['begin before the file', [-1, 1], 10, 1],
  ['have more bytes than are stored', [0, 2], 10, 1],
  ['have less bytes than are stored', [0, 2], 10, 3],
] as const)
  test(`runs that ${what} are refused`, () => {
    assert.throws(() => map(...numbers).checked(size, stored), TarError);
  });

test('a file has 262144 runs at most', () => {
  assert.equal(TAR_LIMITS.sparseRuns, 262_144);
  const made = new SparseMap();
  for (let i = 0; i < 262_144; i++) made.add(i, 1);
  assert.throws(() => made.add(262_144, 1), /too many parts/);
  assert.equal(made.checked(262_144, 262_144).length, 262_144);
});

const records = (said: Readonly<Record<string, string>>) =>
  Object.entries(said).map(([key, value]) => [`GNU.sparse.${key}`, value] as const);

test('records speak of a sparse file by their map, their count of runs, or their version', () => {
  for (const said of [
    {},
    { size: '5' },
    { realsize: '5', name: 'n' },
    { major: '1', realsize: '5' },
    { minor: '0', realsize: '5' },
    { major: '2', minor: '0', realsize: '5' },
    { major: '1', minor: '1', realsize: '5' },
  ])
    assert.equal(paxSparse(records(said)), undefined, JSON.stringify(said));
  assert.deepEqual(paxSparse(records({ major: '1', minor: '0', realsize: '7', name: 'n' })), {
    name: 'n',
    realSize: 7,
    map: undefined,
  });
  const packed = paxSparse(records({ map: '1,2,4,1', size: '7' }));
  assert.deepEqual([packed?.realSize, packed?.map?.checked(7, 3).length], [7, 2]);
  assert.deepEqual(paxSparse(records({ map: '', size: '7' }))?.map?.checked(7, 0), []);
});

for (const [said, message] of [
  [{ map: '1,2' }, /without its size/],
  [{ map: '1,2,3', size: '7' }, /odd map/],
  [{ map: '1', size: '7' }, /odd map/],
  [{ map: '1,x', size: '7' }, /malformed sparse map/],
  [{ map: '1,2', size: '-7' }, /malformed sparse size/],
  [{ numblocks: '1', size: '7', numbytes: '1' }, /odd map/],
] as const)
  test(`records that say ${JSON.stringify(said)} are refused`, () => {
    assert.throws(() => paxSparse(records(said)), { name: 'TarError', message });
  });

test('each size needs an offset of its own', () => {
  const said = [
    ...records({ numblocks: '2', size: '7', offset: '1', numbytes: '1' }),
    ...records({ numbytes: '2' }),
  ];
  assert.throws(() => paxSparse(said), /odd map/);
});

/** The block that begins so. */
const leading = (text: string) => Buffer.from(text.padEnd(512, '\0'), 'latin1');

test('a map before the data may go over several blocks, cut anywhere', () => {
  const count = 100;
  const text = `${count}\n${Array.from({ length: count }, (_, i) => `${i * 1000}\n7\n`).join('')}`;
  const found = new LeadingMap();
  const blocks = Math.ceil(text.length / 512);
  for (let block = 0; block < blocks; block++)
    assert.equal(found.push(leading(text.slice(block * 512, (block + 1) * 512))), block === blocks - 1);
  assert.equal(found.blocks, blocks);
  assert.equal(found.map.checked(100_000, 700).length, count);
});

test('a map before the data may have no runs', () => {
  const found = new LeadingMap();
  assert.equal(found.push(leading('0\n')), true);
  assert.deepEqual(found.map.checked(5, 0), []);
});

test('a map before the data that names too many runs, or has lines that are no numbers, is refused', () => {
  assert.equal(new LeadingMap().push(leading(`262144\n${'1\n'.repeat(252)}1`)), false);
  assert.throws(() => new LeadingMap().push(leading('262145\n')), /too many parts/);
  assert.throws(() => new LeadingMap().push(leading('2\n1\nx\n')), /malformed sparse map/);
  assert.throws(() => new LeadingMap().push(leading(`1\n${'1'.repeat(25)}`)), /malformed map/);
  assert.throws(
    () => new LeadingMap().push(Buffer.from(`1\n${'0'.repeat(484)}\n${'1'.repeat(25)}`)),
    TarError,
  );
});

test("numbers of GNU's own map may fill their fields, and the map ends at an empty one", () => {
  const found = new SparseMap();
  const block = Buffer.from(
    `xx${'000000000010'.repeat(2)}${'000000000020'}${'000000000001'}`.padEnd(2 + 72, '\0') + '1',
  );
  assert.equal(readOldGnuMap(block, 2, 3, found), true);
  assert.deepEqual(found.checked(100, 9), [
    { offset: 8, bytes: 8 },
    { offset: 16, bytes: 1 },
  ]);
});

test("the real size in GNU's own header may fill its field", () => {
  const block = Buffer.alloc(512);
  block.write('1000000000037', 483);
  assert.equal(oldGnuRealSize(block), 0o100000000003);
});
