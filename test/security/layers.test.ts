/** Security cases SC-IMG: layers made to reach out of their image. Each is refused, or stays inside; the host is as it was. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { FakeRegistry } from '../harness/fake-registry.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { busyboxRootfs } from '../harness/image.ts';
import { directory, dockerArchiveOf, file, link, loadError, type Member, tarOf } from '../harness/layered.ts';

let gantry: Gantry;
const ends: (() => Promise<void>)[] = [];
before(async () => {
  gantry = await startGantry({ after: (end) => void ends.push(end) });
});
after(() => Promise.all(ends.map((end) => end())));

const SECRET = 'canary-of-the-host';

/** A directory of the host that layers try to reach. */
class Witness {
  readonly path = mkdtempSync(join(tmpdir(), 'gantry-witness-'));
  /** From any directory of the engine's to the host's root, and down to the witness. */
  readonly climb = `${'../'.repeat(24)}${this.path.slice(1)}`;

  constructor(t: TestContext) {
    t.after(() => rmSync(this.path, { recursive: true, force: true }));
    mkdirSync(join(this.path, 'd'));
    writeFileSync(join(this.path, 'secret'), SECRET);
    writeFileSync(join(this.path, 'd/file'), 'below');
  }

  assertUntouched(): void {
    assert.deepEqual(readdirSync(this.path).sort(), ['d', 'secret']);
    assert.deepEqual(readdirSync(join(this.path, 'd')), ['file']);
    assert.equal(readFileSync(join(this.path, 'secret'), 'utf8'), SECRET);
    assert.equal(readFileSync(join(this.path, 'd/file'), 'utf8'), 'below');
    const { nlink, mode } = lstatSync(join(this.path, 'secret'));
    assert.deepEqual([nlink, mode & 0o7777], [1, 0o644]);
  }
}

const bottom = (): Buffer => readFileSync(busyboxRootfs());
const USUAL = { Env: ['PATH=/bin:/sbin:/usr/bin:/usr/sbin'], Cmd: ['sh'] };
let images = 0;

/** Loads busybox with `layers` over it; the name of the image, or nothing when it was refused. */
async function load(
  layers: readonly (readonly Member[])[],
  config: object = USUAL,
): Promise<string | undefined> {
  const tag = `layers:${++images}`;
  const made = { tags: [tag], layers: [bottom(), ...layers.map(tarOf)], document: { config } };
  const error = await loadError(gantry.api(), dockerArchiveOf([made]));
  assert.ok(error === undefined || error.length < 2000, error);
  return error === undefined ? tag : undefined;
}

const inside = (image: string, script: string): Promise<string> =>
  gantry.dockerOk('run', '--rm', '--network', 'none', image, 'sh', '-c', script);

/** Everything that a process can see inside, as text: nothing of the host may be in it. */
const looks =
  'find / -xdev -type f -size -2 -exec cat {} + 2>/dev/null; cat /pwn /a/pwn /f 2>/dev/null; true';

const hard = (path: string, linkPath: string): Member => [{ path, type: 'hardlink', linkPath }];
const whiteout = (path: string): Member => file(path, '');

const reaching: readonly (readonly [string, (witness: Witness) => readonly (readonly Member[])[]])[] = [
  [
    'SC-IMG-01: parents in names',
    ({ climb }) => [[file(`${climb}/d/pwn`, 'x')], [file(`a/../../${climb}/pwn`, 'x')]],
  ],
  ['SC-IMG-01: a name of parents alone', () => [[directory('../..'), file('..', 'x')]]],
  ['SC-IMG-02: absolute names', ({ path }) => [[file(`${path}/d/pwn`, 'x'), file(`//${path}/pwn`, 'x')]]],
  ['SC-IMG-03: a link, and a file through it', ({ path }) => [[link('a', `${path}/d`), file('a/pwn', 'x')]]],
  ['SC-IMG-03: a climbing link', ({ climb }) => [[link('a', `${climb}/d`), file('a/pwn', 'x')]]],
  [
    'SC-IMG-03: a chain of links',
    ({ path }) => [[link('b', path), link('a', 'b/d'), file('a/pwn', 'x'), file('b/pwn', 'x')]],
  ],
  [
    'SC-IMG-03: a link to a file, and the file',
    ({ path }) => [[link('f', `${path}/secret`), file('f', 'pwned')]],
  ],
  ['SC-IMG-04: a second name of a file', ({ path }) => [[hard('f', `${path}/secret`), file('f', 'pwned')]]],
  ['SC-IMG-04: a second name, climbing', ({ climb }) => [[hard('f', `${climb}/secret`), file('f', 'pwned')]]],
  [
    'SC-IMG-04: a second name through a link',
    ({ path }) => [[link('a', path), hard('f', 'a/secret'), file('f', 'x')]],
  ],
  ['SC-IMG-05: a link below, a file above', ({ path }) => [[link('a', `${path}/d`)], [file('a/pwn', 'x')]]],
  [
    'SC-IMG-06: whiteouts that climb',
    ({ climb }) => [[directory('q'), whiteout('q/.wh...'), whiteout(`.wh.${climb}/secret`)]],
  ],
  ['SC-IMG-06: whiteouts of nothing and of all', () => [[whiteout('.wh..')], [whiteout('.wh.')]]],
  [
    'SC-IMG-06: whiteouts through links',
    ({ path }) => [
      [link('x', path), whiteout('x/.wh.secret')],
      [link('y', `${path}/d`), whiteout('y/.wh..wh..opq')],
    ],
  ],
  [
    'SC-IMG-09: one name, many things',
    ({ path }) => [
      [file('n', '1'), directory('n'), link('n', path), file('n/pwn', 'x'), file('n', 'last')],
      [link('N', `${path}/d`), directory('N'), file('N/pwn', 'x'), link('N', path), file('N', 'last')],
    ],
  ],
];
for (const [title, layersOf] of reaching)
  test(`${title}: refused or inside, the host untouched`, async (t) => {
    const witness = new Witness(t);
    for (const layers of [layersOf(witness), ...layersOf(witness).map((layer) => [layer])]) {
      const image = await load(layers);
      witness.assertUntouched();
      if (image === undefined) continue;
      assert.ok(!(await inside(image, looks)).includes(SECRET), 'the host shows inside');
      witness.assertUntouched();
    }
  });

test('SC-IMG-06: a whiteout hides what is below it, and nothing else', async () => {
  const image = await load([[file('gone', 'g'), file('kept', 'k')], [whiteout('.wh.gone')]]);
  assert.equal(await inside(image ?? '', 'ls /gone 2>/dev/null; cat /kept'), 'k');
});

test('SC-IMG-07: device nodes of a layer open for nobody inside; a pipe hangs nobody', async () => {
  const node = (path: string, type: 'char' | 'block', major: number, minor: number): Member => [
    { path, type, major, minor, mode: 0o666 },
  ];
  const image = await load([
    [node('disk', 'block', 8, 0), node('mem', 'char', 1, 1), [{ path: 'pipe', type: 'fifo' }]],
  ]);
  if (image === undefined) return; // refusing them is as good
  assert.equal(
    await inside(
      image,
      'for n in disk mem; do (: </$n) 2>&1 | grep -c "not permitted"; done; ls -l /pipe | cut -c1',
    ),
    '1\n1\np',
  );
});

test('SC-IMG-07: a member of a kind that nobody knows is refused, and nothing of its layer stays', async () => {
  const kept = () => readdirSync(join(gantry.dataRoot, 'l')).sort();
  const before = kept();
  for (const kind of ['8', 'A', 'V', '\u00ff', '!']) {
    const layer = tarOf([file('ok', 'x'), file('odd', 'y')]);
    const at = layer.lastIndexOf('odd'); // its header: a kind of our own, and the sum of its bytes made right again
    layer.write(kind, at + 156, 'latin1');
    layer.fill(' ', at + 148, at + 156);
    const sum = layer.subarray(at, at + 512).reduce((all, byte) => all + byte, 0);
    layer.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148, 'latin1');
    const error = await loadError(
      gantry.api(),
      dockerArchiveOf([{ tags: ['odd:1'], layers: [bottom(), layer] }]),
    );
    assert.match(error ?? '', /unknown kind of member/, JSON.stringify(kind));
  }
  assert.deepEqual(kept(), before);
  assert.ok((await load([[file('ok', 'x'), file('odd', 'y')]])) !== undefined, 'the control');
});

test('SC-IMG-08: a set-id program of a layer cannot be reached on the host by others', async () => {
  const program = readFileSync(execFileSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).trim());
  const image = await load([[[{ path: 'suid', mode: 0o4755 }, program]]]);
  assert.equal(await inside(image ?? '', 'stat -c %a /suid'), '4755');
  const find = ['-c', `find ${gantry.dataRoot}/l -name suid -perm -4000`];
  const path = execFileSync('sh', find, { encoding: 'utf8' }).trim();
  assert.match(path, /\/suid$/);
  chmodSync(gantry.root, 0o755); // the test's own directory is closed too, which would prove nothing
  for (const argv of [
    [path, 'id'],
    ['/bin/ls', path],
  ])
    assert.throws(
      () => execFileSync(argv[0] ?? '', argv.slice(1), { uid: 65_534, gid: 65_534, stdio: 'pipe' }),
      /EACCES|Permission denied/,
    );
});

test('SC-IMG-10: a layer that is being unpacked is in no container', async (t) => {
  const registry = await FakeRegistry.start(t);
  const layer = tarOf([file('slow', 's'.repeat(500_000))]);
  const { manifest } = registry.putImage('app', 'v1', { layers: [bottom(), layer] });
  const { digest = '' } = manifest.layers[1] ?? {};
  await gantry.dockerOk('run', '-d', '--name', 'beside', '--network', 'none', 'busybox', 'sleep', '999');
  t.after(() => gantry.dockerOk('rm', '-f', 'beside'));
  const pid = await gantry.dockerOk('inspect', '-f', '{{.State.Pid}}', 'beside');
  const release = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  registry.answering = async (request, response) => {
    if (!request.url?.endsWith(digest)) return false;
    response.writeHead(200, { 'content-length': layer.length });
    response.write(layer.subarray(0, 1000));
    asked.resolve();
    await release.promise;
    response.end(layer.subarray(1000));
    return true;
  };
  const pulling = gantry.api().post(`/images/create?fromImage=${registry.host}/app&tag=v1`);
  await asked.promise;
  const mounts = readFileSync(`/proc/${pid}/mountinfo`, 'utf8');
  assert.ok(!mounts.includes(`${gantry.dataRoot}/staging`), mounts);
  release.resolve();
  assert.ok(!(await pulling).text.includes('errorDetail'));
});

for (const umask of ['000', '077'])
  test(`SC-IMG-11: a data root made under umask ${umask} is closed to others`, async (t) => {
    const before = process.umask(Number.parseInt(umask, 8));
    let engine: Gantry;
    try {
      engine = await startGantry(t);
    } finally {
      process.umask(before);
    }
    for (const path of [engine.dataRoot, engine.execRoot])
      assert.equal(
        lstatSync(path).mode & 0o007,
        path === engine.dataRoot ? lstatSync(path).mode & 0o001 : 0,
        path,
      );
    for (const name of ['content', 'l', 'w', 'staging', 'trash', 'records.sqlite', 'containers'])
      assert.equal(lstatSync(join(engine.dataRoot, name)).mode & 0o007, 0, name);
  });

const odd: readonly (readonly [string, object])[] = [
  ['a history that is too short', { history: [] }],
  ['a history that is too long', { history: Array.from({ length: 9 }, () => ({ created_by: 'x' })) }],
  ['no history', { history: null }],
  ['a history of nothing', { history: [null] }],
  ['no root file system', { rootfs: null }],
  ['no config', { config: null }],
  ['no time', { created: null }],
  ['numbers for words', { architecture: 5, os: [], author: {}, created: 7 }],
  ['a hundred thousand variables', { config: { Env: Array.from({ length: 100_000 }, (_, i) => `V${i}=1`) } }],
];
for (const [what, more] of odd)
  test(`SC-IMG-12: an image with ${what} is refused, or every question about it is answered`, async () => {
    const tag = `odd:${++images}`;
    const made = { tags: [tag], layers: [bottom()], document: more as Record<string, unknown> };
    const error = await loadError(gantry.api(), dockerArchiveOf([made]));
    const api = gantry.api();
    for (const path of [
      `/images/${tag}/json`,
      `/images/${tag}/history`,
      '/images/json?all=1',
      '/system/df',
    ]) {
      const { status, text } = await api.get(path);
      assert.ok(
        status === 200 || (error !== undefined && status === 404),
        `${path}: ${status} ${text.slice(0, 300)}`,
      );
    }
    if (error !== undefined) return;
    const created = await api.post('/containers/create', { Image: tag, Cmd: ['true'] });
    assert.ok([201, 400].includes(created.status), `${created.status} ${created.text.slice(0, 300)}`);
    const removed = await api.delete(`/images/${tag}?force=1`);
    assert.equal(removed.status, 200, removed.text);
  });

for (const count of [127, 128, 200, 500])
  test(`SC-IMG-13: ${count} layers are all there, or are refused`, async () => {
    const image = await load(Array.from({ length: count }, (_, i) => [file(`many/${i}`, String(i))]));
    if (image === undefined) assert.ok(count > 127, 'so few must work');
    else assert.equal(await inside(image, 'ls /many | wc -l'), String(count));
  });

const roots: readonly (readonly [string, readonly Member[]])[] = [
  ['closed to all', [directory('.', 0)]],
  ['of a stranger', [[{ path: '.', type: 'directory', mode: 0o755, uid: 4242, gid: 4242 }]]],
  [
    'with links where the runtime mounts',
    ['etc', 'dev', 'proc', 'sys'].flatMap((name) => [whiteout(`.wh.${name}`), link(name, '/tmp')]),
  ],
  [
    'with files where the runtime mounts',
    ['dev', 'proc', 'sys'].flatMap((name) => [whiteout(`.wh.${name}`), file(name, 'x')]),
  ],
  [
    'without the directories that the runtime mounts on',
    ['etc', 'dev', 'proc', 'sys', 'tmp'].map((name) => whiteout(`.wh.${name}`)),
  ],
];
for (const [what, members] of roots)
  test(`SC-IMG-14: a root ${what} starts well or says why not, and the host is as it was`, async (t) => {
    const witness = new Witness(t);
    const hosts = readFileSync('/etc/hosts', 'utf8');
    const image = await load([members]);
    if (image !== undefined) {
      const script = 'test -c /dev/null && test -d /proc/1 && echo well';
      const { code, stdout, stderr } = await gantry.docker(['run', '--rm', image, 'sh', '-c', script]);
      if (code === 0) assert.equal(stdout, 'well\n');
      else assert.match(stderr, /Error response from daemon: .+/);
    }
    witness.assertUntouched();
    assert.equal(readFileSync('/etc/hosts', 'utf8'), hosts);
    assert.ok(lstatSync('/dev/null').isCharacterDevice());
  });
