/** Security cases SC-DOS-01 to 06: archives, documents and names made to exhaust the engine. It stays small and quick. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { statfsSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { buildPax } from '../../src/formats/tar/pax.ts';
import { FakeRegistry } from '../harness/fake-registry.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { file, loadError, type Member, tarOf } from '../harness/layered.ts';
import { grownBy } from '../harness/memory.ts';

const MIB = 1 << 20;

let gantry: Gantry;
const ends: (() => Promise<void>)[] = [];
before(async () => {
  gantry = await startGantry({ after: (end) => void ends.push(end) }, { busybox: false });
});
after(() => Promise.all(ends.map((end) => end())));

const importing = async (archive: Buffer | Readable): Promise<string | undefined> => {
  const answer = await gantry.api().post('/images/create?fromSrc=-&repo=bomb', archive, {
    headers: { 'content-type': 'application/x-tar' },
  });
  return answer.status !== 200 || answer.text.includes('errorDetail') ? answer.text : undefined;
};

/** Every image goes, and with it all that it took. */
const removeAll = () => gantry.dockerOk('image', 'prune', '-af');

/** Compressed by a program of the machine. */
const packed = (program: string, bytes: Buffer): Buffer =>
  execFileSync(program, ['-c', '-1', '-T1'], { input: bytes, maxBuffer: 64 * MIB });

/** A tar archive of one file of zeros. */
function* zeros(megabytes: number): Generator<Buffer> {
  const whole = tarOf([[{ path: 'zeros', size: megabytes * MIB } as Member[0]]]);
  yield header('zeros', (megabytes * MIB).toString(8).padStart(11, '0'));
  for (let i = 0; i < megabytes; i++) yield Buffer.alloc(MIB);
  yield whole.subarray(-1024);
}

/** A tar header whose size says what it likes, with a right checksum unless `sum` says another. */
function header(
  name: string,
  size: string,
  { type = '0', sum }: { type?: string; sum?: string } = {},
): Buffer {
  const block = Buffer.alloc(512);
  block.write(name, 0);
  block.write('0000644\0', 100);
  block.write('0000000\0', 108);
  block.write('0000000\0', 116);
  block.write(`${size}\0`, 124, 'latin1');
  block.write('00000000000\0', 136);
  block.write(' '.repeat(8), 148);
  block.write(type, 156);
  block.write('ustar\x0000', 257);
  const right = block.reduce((all, byte) => all + byte, 0);
  block.write(sum ?? `${right.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

test('SC-DOS-01: an archive that grows a thousandfold is unpacked as it comes, in little memory', async (t) => {
  // What any archive needs is there already.
  assert.equal(await importing(gzipSync(Buffer.concat([...zeros(64)]))), undefined);
  const bomb = gzipSync(Buffer.concat([...zeros(256)]));
  assert.ok(bomb.length < MIB);
  const grown = await grownBy(
    gantry,
    importing(bomb).then((error) => assert.equal(error, undefined)),
  );
  t.diagnostic(`${grown} MiB`);
  assert.ok(grown < 64, `${grown} MiB more`);
  await removeAll();
});

test('SC-DOS-01: an archive in an archive is not opened, and its bomb does not go off', async () => {
  const inner = gzipSync(Buffer.concat([...zeros(64)]));
  const error = await importing(gzipSync(inner));
  assert.ok(error !== undefined);
});

test('SC-DOS-01: a frame of zstd that wants two gigabytes of window is refused', async () => {
  // One raw block of a small archive behind a window descriptor of 2^31 bytes (RFC 8878, 3.1.1.1.2).
  const archive = tarOf([file('a', 'a')]);
  const block = Buffer.alloc(3);
  block.writeUIntLE((archive.length << 3) | 1, 0, 3);
  const frame = (window: number) =>
    Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, window]), block, archive]);
  assert.equal(await importing(frame(0x50)), undefined, 'the same with a window of a megabyte is read');
  const grown = await grownBy(
    gantry,
    importing(frame(0xa8)).then((error) => assert.ok(error !== undefined && error.length < 1000, error)),
  );
  assert.ok(grown < 64, `${grown} MiB more`);
  await removeAll();
});

test('SC-DOS-01: a bomb of xz is unpacked as it comes', async () => {
  const bomb = packed('xz', Buffer.concat([...zeros(256)]));
  assert.ok(bomb.length < MIB);
  const grown = await grownBy(
    gantry,
    importing(bomb).then((error) => assert.equal(error, undefined)),
  );
  assert.ok(grown < 64, `${grown} MiB more`);
  await removeAll();
});

for (const [program, cut] of [
  ['xz', 0.5],
  ['gzip', 0.5],
] as const)
  test(`SC-DOS-01: ${program} that ends in its middle is refused, and the next archive is not`, async () => {
    const noise = tarOf([
      file('noise', Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * i) % 251))),
    ]);
    const whole = program === 'gzip' ? gzipSync(noise) : packed(program, noise);
    assert.ok((await importing(whole.subarray(0, Math.floor(whole.length * cut)))) !== undefined);
    assert.equal(await importing(whole), undefined);
    await removeAll();
  });

const claims: readonly (readonly [string, Buffer])[] = [
  ['a size of 2^60', header('x', '\x80\0\0\0\x10\0\0\0\0\0\0')],
  ['a negative size', header('x', '\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff')],
  ['a size that is no number', header('x', '99999999zzz')],
  ['a pax header of 8 GB', header('x', '77777777777', { type: 'x' })],
  [
    'a pax header of 8 MB',
    Buffer.concat([
      header('x', (8 * MIB).toString(8).padStart(11, '0'), { type: 'x' }),
      Buffer.alloc(8 * MIB, 'a'),
    ]),
  ],
  ['a GNU name of 1 GB', header('x', '10000000000', { type: 'L' })],
  ['a wrong checksum', header('x', '00000000000', { sum: '000001\0 ' })],
];
for (const [what, archive] of claims)
  test(`SC-DOS-02: ${what} is refused`, async () => {
    const error = await importing(archive);
    assert.ok(error !== undefined && error.length < 1000, error);
  });

test('SC-DOS-02: an archive that ends at any block is whole up to there or refused, and nothing is left', async () => {
  const whole = tarOf([file('a', 'a'.repeat(700)), file('b'.repeat(150), 'b'), file('c', 'c'.repeat(2000))]);
  for (let at = 0; at <= whole.length; at += 512) {
    const error = await importing(whole.subarray(0, at));
    assert.ok(error === undefined || error.length < 1000, error);
  }
  assert.equal((await gantry.api().get('/_ping')).status, 200);
  await removeAll();
  assert.equal(await importing(whole), undefined);
  await removeAll();
});

test('SC-DOS-03: a sparse file of a terabyte takes no room, or is refused', async () => {
  const before = statfsSync(gantry.dataRoot);
  const hole = 1024 ** 4;
  const block = header('sparse', '00000001000', { type: 'S' });
  const real = Buffer.from(block);
  real.write('00000000000\0', 386); // one run, of 512 bytes, at the start
  real.write('00000001000\0', 398);
  real[483] = 0x80; // the size that it is to become, in base 256
  real.writeBigUInt64BE(BigInt(hole), 487);
  real.write(' '.repeat(8), 148);
  real.write(
    `${real
      .reduce((all, byte) => all + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
  const error = await importing(Buffer.concat([real, Buffer.alloc(512, 'x'), Buffer.alloc(1024)]));
  const after = statfsSync(gantry.dataRoot);
  assert.ok((before.bfree - after.bfree) * before.bsize < 512 * MIB, `error: ${error}`);
  await removeAll();
});

/** A file in one of GNU's three pax forms, with one run of 512 bytes, or as many as there are numbers in `map`. */
function paxSparse(form: string, realSize: number, map: string, stored: Buffer): Buffer {
  const numbers = map.split(',');
  const pairs = numbers.flatMap((offset, i) =>
    i % 2 === 0
      ? [['GNU.sparse.offset', offset] as const, ['GNU.sparse.numbytes', numbers[i + 1]] as const]
      : [],
  );
  const said = {
    '0.0': [['GNU.sparse.size', realSize], ['GNU.sparse.numblocks', pairs.length / 2], ...pairs],
    '0.1': [
      ['GNU.sparse.size', realSize],
      ['GNU.sparse.numblocks', numbers.length / 2],
      ['GNU.sparse.map', map],
    ],
    '1.0': [
      ['GNU.sparse.major', 1],
      ['GNU.sparse.minor', 0],
      ['GNU.sparse.realsize', realSize],
    ],
  }[form];
  const records = buildPax((said ?? []).map(([key, value]) => [String(key), String(value)]));
  const before =
    form === '1.0' ? padded(Buffer.from(`${numbers.length / 2}\n${numbers.join('\n')}\n`)) : Buffer.alloc(0);
  const octal = (bytes: number) => bytes.toString(8).padStart(11, '0');
  return Buffer.concat([
    header('pax', octal(records.length), { type: 'x' }),
    padded(records),
    header('sparse', octal(before.length + stored.length)),
    before,
    padded(stored),
    Buffer.alloc(1024),
  ]);
}
const padded = (bytes: Buffer): Buffer =>
  Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);

for (const form of ['0.0', '0.1', '1.0']) {
  test(`SC-DOS-03: a terabyte of holes in pax form ${form} takes no room`, async () => {
    const free = () => statfsSync(gantry.dataRoot).bfree * statfsSync(gantry.dataRoot).bsize;
    const before = free();
    const error = await importing(paxSparse(form, 1024 ** 4, '0,512', Buffer.alloc(512, 'x')));
    assert.equal(error, undefined);
    assert.ok(before - free() < 512 * MIB);
    await removeAll();
  });

  test(`SC-DOS-03: a map of a million runs in pax form ${form} is refused`, async () => {
    const map = Array.from({ length: 1_000_000 }, (_, i) => `${2 * i},1`).join(',');
    const grown = await grownBy(
      gantry,
      importing(paxSparse(form, 1024 ** 4, map, Buffer.alloc(1_000_000))).then((error) =>
        assert.ok(error !== undefined && error.length < 1000, error?.slice(0, 200) ?? 'it was taken'),
      ),
    );
    assert.ok(grown < 256, `${grown} MiB more`);
  });
}

test('SC-DOS-04: tens of thousands of files, names and directories are unpacked, and others are served meanwhile', async (t) => {
  const members: Member[] = [file('one', 'x')];
  for (let i = 0; i < 20_000; i++) members.push([{ path: `d${i % 100}/f${i}` }, '']);
  for (let i = 0; i < 10_000; i++) members.push([{ path: `links/${i}`, type: 'hardlink', linkPath: 'one' }]);
  members.push(file(`${'d/'.repeat(1500)}deep`, 'x'));
  const grown = await grownBy(
    gantry,
    importing(tarOf(members)).then((error) => assert.equal(error, undefined)),
  );
  t.diagnostic(`${grown} MiB`);
  assert.ok(grown < 150, `${grown} MiB more`);
  await removeAll();
});

test('SC-DOS-05: documents that are larger than any honest one are refused', async (t) => {
  const big = 'x'.repeat(6 * MIB);
  const layer = tarOf([file('a', 'a')]);
  const manifest = (config: string, layers: readonly string[] = ['l.tar']) =>
    JSON.stringify([{ Config: config, RepoTags: ['big:1'], Layers: layers }]);
  const config = (more: object) =>
    JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] }, ...more });
  for (const members of [
    [
      file('c.json', config({ comment: big })),
      file('l.tar', layer),
      file('manifest.json', manifest('c.json')),
    ],
    [file('c.json', config({})), file('manifest.json', manifest('c.json').replace('[{', `[{"x":"${big}",`))],
    [
      file(
        'c.json',
        config({
          rootfs: {
            type: 'layers',
            diff_ids: Array.from({ length: 5000 }, () => `sha256:${'0'.repeat(64)}`),
          },
        }),
      ),
      file('l.tar', layer),
      file(
        'manifest.json',
        manifest(
          'c.json',
          Array.from({ length: 5000 }, () => 'l.tar'),
        ),
      ),
    ],
  ]) {
    const error = await loadError(gantry.api(), tarOf(members));
    assert.ok(error !== undefined && error.length < 2000, error?.slice(0, 300) ?? 'it was taken');
  }
  const registry = await FakeRegistry.start(t);
  registry.putImage('app', 'v1', { layers: [layer], manifest: (m) => ({ ...m, annotations: { big } }) });
  const pulled = await gantry.api().post(`/images/create?fromImage=${registry.host}/app&tag=v1`);
  assert.match(pulled.text, /errorDetail|larger/);
  assert.deepEqual((await gantry.api().get('/images/json?all=1')).json(), []);
});

for (const piece of ['a/', 'a.', 'a-', '_', ':', '@', '/', 'a__', '-'])
  test(`SC-DOS-06: a name of a hundred thousand ${JSON.stringify(piece)} is refused, and holds nobody up`, async () => {
    const name = piece.repeat(100_000 / piece.length);
    const asking = gantry.api();
    const tagged = await asking.post('/containers/create', { Image: name });
    assert.ok([400, 404].includes(tagged.status), `${tagged.status}`);
    assert.ok(tagged.text.length < 210_000);
    assert.equal((await asking.get('/_ping')).status, 200);
  });
