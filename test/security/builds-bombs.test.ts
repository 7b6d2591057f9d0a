/** Security cases SC-DOS-01 to 03 for builds: contexts, and archives that ADD unpacks, made to exhaust the engine. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { buildPax } from '../../src/formats/tar/pax.ts';
import { buildAnew as build, buildArchive, contextOf } from '../harness/building.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { file, tarOf } from '../harness/layered.ts';
import { behind, inLittle, refused, removeBuilt } from './bounded-builds.ts';

const MIB = 1 << 20;
/** Whatever grows out of a bomb: it flows through a few buffers. Most of this is that two threads start. */
const STREAMED_MIB = 64;
/**
 * The largest window that is accepted. Who inflates has to hold it (zstd in the daemon, xz in a program of its own), so
 * a bomb that asks for it costs so much more.
 */
const WINDOW_MIB = 128;

let gantry: Gantry;
const ends: (() => Promise<void>)[] = [];
before(async () => {
  gantry = await startGantry({ after: (end) => void ends.push(end) });
});
after(() => Promise.all(ends.map((end) => end())));

/** A tar archive of one file of zeros. */
const zeros = (megabytes: number): Buffer => tarOf([file('zeros', Buffer.alloc(megabytes * MIB))]);

/** The same as a context of a build. */
const zerosBeside = (dockerfile: string, megabytes: number): Buffer =>
  contextOf(dockerfile, [file('zeros', Buffer.alloc(megabytes * MIB))]);

/** Compressed by a program of the machine. */
const packedBy =
  (program: string, ...options: readonly string[]) =>
  (bytes: Buffer): Buffer =>
    execFileSync(program, ['-c', ...options], { input: bytes, maxBuffer: 64 * MIB });

const forms: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  gzip: (bytes) => gzipSync(bytes, { level: 9 }),
  bzip2: packedBy('bzip2', '-9'),
  xz: packedBy('xz', '-1', '-T1'),
  zstd: packedBy('zstd', '-1'),
  'xz with a window of 96 MiB': packedBy('xz', '--lzma2=preset=1,dict=96MiB', '-T1'),
  'zstd with a window of 128 MiB': packedBy('zstd', '-1', '--long=27'),
};

for (const [form, packed] of Object.entries(forms)) {
  const mostMiB = STREAMED_MIB + (form.includes('window') ? WINDOW_MIB : 0);
  test(`SC-DOS-01: a context of ${form} that grows a thousandfold is taken as it comes`, async (t) => {
    const dockerfile = 'FROM busybox\nCOPY zeros /\nRUN stat -c "%s bytes" /zeros\n';
    const bomb = packed(zerosBeside(dockerfile, 256));
    assert.ok(bomb.length < MIB);
    const { error, said } = await inLittle(t, gantry, buildArchive(gantry, bomb, { nocache: '1' }), mostMiB);
    assert.deepEqual([error, said.includes(`${256 * MIB} bytes`)], ['', true], said);
    await removeBuilt(gantry);
  });

  test(`SC-DOS-01: an archive of ${form} that ADD unpacks is unpacked as it comes`, async (t) => {
    const bomb = packed(zeros(256));
    const dockerfile = 'FROM busybox\nADD bomb /c/\nRUN stat -c "%s bytes" /c/zeros\n';
    const building = build(gantry, dockerfile, [file('bomb', bomb)]);
    const { error, said } = await inLittle(t, gantry, building, mostMiB);
    assert.deepEqual([error, said.includes(`${256 * MIB} bytes`)], ['', true], said);
    await removeBuilt(gantry);
  });
}

test('SC-DOS-01: what is packed twice is unpacked once, and its bomb does not go off', async (t) => {
  const twice = gzipSync(gzipSync(zerosBeside('FROM busybox\n', 256)));
  await refused(t, gantry, buildArchive(gantry, twice), STREAMED_MIB);
  const added = await inLittle(
    t,
    gantry,
    build(gantry, 'FROM busybox\nADD bomb /c/\nRUN stat -c "%s bytes" /c/bomb\n', [file('bomb', twice)]),
    STREAMED_MIB,
  );
  assert.ok(added.said.includes(`${twice.length} bytes`), added.text); // no archive, but a file
});

test('SC-DOS-01: zeros that are no archive are refused, and not read to their end', async (t) => {
  await refused(t, gantry, buildArchive(gantry, gzipSync(Buffer.alloc(256 * MIB))), STREAMED_MIB);
});

test('SC-DOS-01: a frame of zstd that wants two gigabytes of window is refused', async (t) => {
  // One raw block behind a window descriptor (RFC 8878, 3.1.1.1.2).
  const frame = (window: number, archive: Buffer): Buffer => {
    const block = Buffer.alloc(3);
    block.writeUIntLE((archive.length << 3) | 1, 0, 3);
    return Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, window]), block, archive]);
  };
  const context = contextOf('FROM busybox\n');
  assert.equal((await buildArchive(gantry, frame(0x50, context))).error, '', 'a megabyte of window');
  await refused(t, gantry, buildArchive(gantry, frame(0xa8, context)), STREAMED_MIB);
  const archive = frame(0xa8, tarOf([file('a', 'a')]));
  const added = build(gantry, 'FROM busybox\nADD a.zst /c/\nRUN test ! -e /c/a\n', [file('a.zst', archive)]);
  const { error } = await inLittle(t, gantry, added, STREAMED_MIB);
  assert.ok(error.length < 1000, error);
});

/** A tar header whose size says what it likes, with a right checksum unless `sum` says another. */
function header(
  name: string,
  size: string,
  { type = '0', sum, change }: { type?: string; sum?: string; change?: (block: Buffer) => void } = {},
): Buffer {
  const block = tarOf([file(name, '')]).subarray(0, 512);
  block.write(`${size}\0`, 124, 'latin1');
  block.write(type, 156);
  change?.(block);
  block.write(' '.repeat(8), 148);
  const right = block.reduce((all, byte) => all + byte, 0);
  block.write(sum ?? `${right.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}
const octal = (bytes: number): string => bytes.toString(8).padStart(11, '0');
const padded = (bytes: Buffer): Buffer =>
  Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
const END = Buffer.alloc(1024);

const claims: Readonly<Record<string, Buffer>> = {
  'a size of 2^60': header('x', '\x80\0\0\0\x10\0\0\0\0\0\0'),
  'a negative size': header('x', '\xff'.repeat(11)),
  'a size that is no number': header('x', '99999999zzz'),
  'a pax header of 8 GB': header('x', '77777777777', { type: 'x' }),
  'a pax header of 8 MB': Buffer.concat([
    header('x', octal(8 * MIB), { type: 'x' }),
    Buffer.alloc(8 * MIB, 'a'),
  ]),
  'a GNU name of 1 GB': header('x', '10000000000', { type: 'L' }),
  'a wrong checksum': header('x', '00000000000', { sum: '000001\0 ' }),
};
for (const [what, archive] of Object.entries(claims)) {
  test(`SC-DOS-02: a context with ${what} is refused, and nothing is left`, async (t) => {
    const dockerfile = 'FROM busybox\nCOPY x /\n';
    await refused(t, gantry, buildArchive(gantry, behind(dockerfile, archive)));
    await refused(t, gantry, buildArchive(gantry, archive));
  });

  test(`SC-DOS-02: ADD of an archive with ${what} is refused, or copies a file`, async (t) => {
    const whole = Buffer.concat([tarOf([file('a', 'a')]).subarray(0, -1024), archive]);
    await refused(t, gantry, build(gantry, 'FROM busybox\nADD t /c/\n', [file('t', whole)]));
    const first = await inLittle(t, gantry, build(gantry, 'FROM busybox\nADD t /c/\n', [file('t', archive)]));
    assert.ok(first.error.length < 1000, first.error);
    await removeBuilt(gantry);
  });
}

test('SC-DOS-02: a context that ends at any block is whole up to there or refused, and nothing is left', async () => {
  const members = [file('a', 'a'.repeat(700)), file('b'.repeat(150), 'b'), file('c', 'c'.repeat(2000))];
  const whole = contextOf('FROM busybox\nCOPY a /\n', members);
  for (let at = 0; at <= whole.length; at += 512) {
    const { error, text } = await buildArchive(gantry, whole.subarray(0, at));
    assert.ok(error.length < 1000, error);
    assert.ok(at < whole.length - 1024 || error === '', text);
    assert.deepEqual(readdirSync(join(gantry.dataRoot, 'staging')), []);
  }
});

/** Records of a sparse file in one of GNU's three pax forms, and the map that stands before its bytes. */
function paxSparse(form: string, realSize: number, numbers: readonly number[]): Buffer {
  const runs = numbers.length / 2;
  const said: readonly (readonly [string, string | number])[] =
    form === '1.0'
      ? [
          ['GNU.sparse.major', 1],
          ['GNU.sparse.minor', 0],
          ['GNU.sparse.realsize', realSize],
        ]
      : [
          ['GNU.sparse.size', realSize],
          ['GNU.sparse.numblocks', runs],
          ...(form === '0.1'
            ? [['GNU.sparse.map', numbers.join(',')] as const]
            : numbers.map(
                (number, i) => [`GNU.sparse.${i % 2 === 0 ? 'offset' : 'numbytes'}`, number] as const,
              )),
        ];
  const records = buildPax(said.map(([key, value]) => [key, String(value)]));
  const map = form === '1.0' ? padded(Buffer.from(`${[runs, ...numbers].join('\n')}\n`)) : Buffer.alloc(0);
  const stored = numbers.reduce((all, number, i) => all + (i % 2 === 0 ? 0 : number), 0);
  return Buffer.concat([
    header('pax', octal(records.length), { type: 'x' }),
    padded(records),
    header('sparse', octal(map.length + stored)),
    map,
    padded(Buffer.alloc(stored, 'x')),
    END,
  ]);
}

/** The same in GNU's old form, with one run. */
function oldSparse(realSize: number): Buffer {
  const change = (block: Buffer): void => {
    block.fill(0, 345);
    block.write('ustar  \0', 257);
    block.write('00000000000\0', 386); // one run, of 512 bytes, at the start
    block.write('00000001000\0', 398);
    block[483] = 0x80; // the size that it is to become, in base 256
    block.writeBigUInt64BE(BigInt(realSize), 487);
  };
  return Buffer.concat([header('sparse', '00000001000', { type: 'S', change }), Buffer.alloc(512, 'x'), END]);
}

const free = (): number => {
  const { bfree, bsize } = statfsSync(gantry.dataRoot);
  return bfree * bsize;
};
/** What the engine's files take. */
const onDisk = (): number =>
  1024 * Number(execFileSync('du', ['-skx', gantry.dataRoot], { encoding: 'utf8' }).split('\t')[0]);
const sparse: Readonly<Record<string, (realSize: number) => Buffer>> = {
  'GNU’s old form': oldSparse,
  ...Object.fromEntries(
    ['0.0', '0.1', '1.0'].map((form) => [
      `pax form ${form}`,
      (realSize: number) => paxSparse(form, realSize, [0, 512]),
    ]),
  ),
};
for (const [form, archiveOf] of Object.entries(sparse)) {
  test(`SC-DOS-03: a terabyte of holes in ${form} is refused, and takes no room`, async (t) => {
    const was = free();
    const archive = archiveOf(1024 ** 4);
    await refused(t, gantry, buildArchive(gantry, behind('FROM busybox\nCOPY sparse /\n', archive)));
    await refused(t, gantry, build(gantry, 'FROM busybox\nADD t /c/\n', [file('t', archive)]));
    assert.ok(was - free() < 256 * MIB);
  });

  test(`SC-DOS-03: holes in ${form} that are no bomb are holes in the image, and take no room`, async (t) => {
    const archive = archiveOf(256 * MIB);
    const tell = 'RUN stat -c "%s bytes" /c/sparse; head -c 600 /c/sparse | tr -d "\\\\0" | wc -c\n';
    for (const built of [
      () => buildArchive(gantry, behind(`FROM busybox\nCOPY sparse /c/\n${tell}`, archive), { nocache: '1' }),
      () => build(gantry, `FROM busybox\nADD t /c/\n${tell}`, [file('t', archive)]),
    ]) {
      const was = onDisk();
      const { said, text } = await inLittle(t, gantry, built());
      assert.match(said, /\n268435456 bytes\n512\n/, text);
      // The layer's files, its archive, and records; what is smaller than a piece of an archive is written.
      assert.ok(onDisk() - was < 16 * MIB, `${onDisk() - was} bytes more`);
      await removeBuilt(gantry);
    }
  });
}

for (const form of ['0.0', '0.1', '1.0'])
  test(`SC-DOS-03: a map of a million runs in pax form ${form} is refused`, async (t) => {
    const map = Array.from({ length: 2_000_000 }, (_, i) => (i % 2 === 0 ? i : 1));
    const archive = paxSparse(form, 1024 ** 3, map);
    await refused(t, gantry, buildArchive(gantry, behind('FROM busybox\n', archive)));
  });
