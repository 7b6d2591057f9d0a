/** What hostile containers and archives try with copies; SC-CP of the list of attacks. A witness on the host tells. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { TarEntry } from '../../src/formats/tar/entry.ts';
import { tarEnd, tarEntry, tarMember } from '../../src/formats/tar/writer.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import type { Answer } from '../harness/http.ts';
import { mountsBelow } from '../harness/leaks.ts';

type Member = readonly [entry: Partial<TarEntry> & { readonly path: string }, data?: string];
const tar = (...members: readonly Member[]): Buffer =>
  Buffer.concat([
    ...members.map(([entry, data]) => tarMember(tarEntry(entry), Buffer.from(data ?? ''))),
    tarEnd(),
  ]);

let gantry: Gantry;
let ends: (() => Promise<void>)[];
before(async () => {
  ends = [];
  gantry = await startGantry({ after: (end) => void ends.push(end) });
});
after(() => Promise.all(ends.map((end) => end())));

/** A directory of the host that nobody may touch, and what must not be read from it. */
class Witness implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'gantry-witness-'));
  readonly secret = `CANARY-${randomBytes(8).toString('hex')}`;
  /** The way up from anywhere, and down to it. */
  readonly climbing = '../'.repeat(14) + this.path.slice(1);
  constructor() {
    writeFileSync(join(this.path, 'secret'), this.secret);
    mkdirSync(join(this.path, 'd'));
  }
  assertUntouched(what: string): void {
    assert.deepEqual(readdirSync(this.path).sort(), ['d', 'secret'], what);
    assert.deepEqual(readdirSync(join(this.path, 'd')), [], what);
    assert.equal(readFileSync(join(this.path, 'secret'), 'utf8'), this.secret, what);
    assert.equal(statSync(join(this.path, 'secret')).nlink, 1, what);
  }
  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** A container that runs on when `script` is done. */
async function box(script: string, ...options: readonly string[]): Promise<string> {
  const argv = ['run', '-d', '--network', 'none', ...options, 'busybox', 'sh', '-c'];
  const id = await gantry.dockerOk(...argv, `set -e\n${script}\nmkdir -p /tmp/done; exec sleep 1000`);
  for (;;) {
    const { code, stderr } = await gantry.docker(['exec', id, 'test', '-d', '/tmp/done']);
    if (code === 0) return id;
    assert.equal(stderr, '', 'the script failed');
  }
}
const inside = (id: string, script: string) => gantry.dockerOk('exec', id, 'sh', '-c', script);
const archiveOf = (id: string, path: string) => `/containers/${id}/archive?path=${encodeURIComponent(path)}`;
const put = (id: string, path: string, body: Buffer, query = ''): Promise<Answer> =>
  gantry.api().put(archiveOf(id, path) + query, body, { headers: { 'content-type': 'application/x-tar' } });
const get = (id: string, path: string): Promise<Answer> => gantry.api().get(archiveOf(id, path));
const statOf = ({ headers }: Answer): { size: number; linkTarget: string } | undefined => {
  const header = headers['x-docker-container-path-stat'];
  return header === undefined ? undefined : JSON.parse(Buffer.from(String(header), 'base64').toString());
};

const linksTo = (witness: Witness) =>
  `ln -s ${witness.path} /out; ln -s ${witness.path}/secret /sec; ln -s /${witness.climbing} /rel; mkdir /in; ln -s / /in/root; ln -s /out/secret /two`;

test('SC-CP-01: no name or link in an archive reaches outside of the container', async () => {
  using witness = new Witness();
  const id = await box('true');
  const archives: Record<string, Buffer> = {
    climbing: tar([{ path: `${witness.climbing}/d/pwn` }, 'x']),
    absolute: tar([{ path: `${witness.path}/d/pwn` }, 'x']),
    link: tar([{ path: 'l', type: 'symlink', linkPath: `${witness.path}/d` }], [{ path: 'l/pwn' }, 'x']),
    hardLink: tar(
      [{ path: 'h', type: 'hardlink', linkPath: `${witness.path}/secret` }],
      [{ path: 'h' }, 'x'],
    ),
    mode: tar(
      [{ path: 'm', type: 'symlink', linkPath: witness.path }],
      [{ path: 'm', type: 'directory', mode: 0 }],
    ),
  };
  for (const [name, archive] of Object.entries(archives)) {
    const { status } = await put(id, '/', archive);
    assert([200, 400].includes(status), `${name}: ${status}`);
    witness.assertUntouched(name);
  }
  assert.equal((await put(id, '/', tar([{ path: 'plain' }, 'x']))).status, 200);
});

test('SC-CP-02, SC-CP-03: links on the way to a path lead inside only, to write and to read', async () => {
  using witness = new Witness();
  const id = await box(linksTo(witness));
  const bait = tar([{ path: 'pwn' }, 'x']);
  for (const path of ['/out/d', '/rel/d', '/in/root/out/d', '/out/../out/d', `/../../..${witness.path}/d`]) {
    assert.equal((await put(id, path, bait)).status, 404, path);
    witness.assertUntouched(path);
  }
  const sources = [
    '/sec',
    '/out/secret',
    '/rel/secret',
    '/two',
    '/in/root/sec',
    `/${witness.climbing}/secret`,
  ];
  for (const path of [...sources, `${witness.path}/secret`, '/out/.', '/sec/.', '/out/']) {
    for (const answer of [await get(id, path), await gantry.api().head(archiveOf(id, path))]) {
      assert([200, 404].includes(answer.status), `${path}: ${answer.status}`);
      assert.equal(answer.text.includes(witness.secret), false, path);
      if (path.includes('secret')) assert.notEqual(statOf(answer)?.size, witness.secret.length, path);
    }
  }
});

test('SC-CP-04: what is read-only is not written by any way in', async () => {
  using witness = new Witness();
  const ro = ['--read-only', '-v', `${witness.path}:/ro:ro`, '--tmpfs', '/rw', '--tmpfs', '/tmp'];
  const id = await box('ln -s /ro /rw/to-ro; ln -s / /rw/to-root', ...ro);
  const bait = tar([{ path: 'pwn' }, 'x']);
  for (const [path, words] of [
    ['/', 'container rootfs is marked read-only'],
    ['/rw/to-root', 'container rootfs is marked read-only'],
    ['/ro', 'mounted volume is marked read-only'],
    ['/ro/d', 'mounted volume is marked read-only'],
    ['/rw/to-ro/d', 'mounted volume is marked read-only'],
  ] as const) {
    const { status, text } = await put(id, path, bait);
    assert.deepEqual([status, JSON.parse(text).message], [400, words], path);
  }
  for (const path of ['to-ro/pwn', 'to-root/pwn', 'to-ro/d/pwn']) {
    const { status, text } = await put(id, '/rw', tar([{ path }, 'x']));
    assert.equal(status, 500, path);
    assert.match(text, /read-only file system/, path);
  }
  witness.assertUntouched('read-only');
  assert.equal((await put(id, '/rw', bait)).status, 200);
  assert.equal(await inside(id, 'cat /rw/pwn'), 'x');
});

test('SC-CP-05: a container that exchanges directories and links meanwhile gains nothing', async () => {
  using witness = new Witness();
  const volume = mkdtempSync(join(tmpdir(), 'gantry-volume-'));
  // A copy makes the place of a mount where there is none at the moment: that is put away again.
  const swap = `
    mkdir -p /x/real/vol; echo inner > /x/real/secret; cd /x; ln -s ${witness.path} evil
    (set +e; exec 2>/dev/null; while :; do
      mv -T real a && mv -T evil real
      [ -L real ] && mv -T real evil
      [ -d a ] && rm -rf real && mv -T a real
    done) &`;
  const id = await box(swap, '-v', `${volume}:/x/real/vol`);
  const met = { directory: 0, link: 0 };
  const copies = async (i: number) => {
    if (statOf(await gantry.api().head(archiveOf(id, '/x/real')))?.linkTarget) met.link++;
    // What goes away between being found and being packed breaks the answer off.
    const read = await get(id, '/x/real/secret').catch(() => undefined);
    assert.equal(read?.text.includes(witness.secret) ?? false, false, 'the host was read');
    const written = await put(id, i % 2 === 0 ? '/x/real' : '/x/real/vol', tar([{ path: `n${i}` }, 'x']));
    met.directory += [read, written].filter((answer) => answer?.status === 200).length;
  };
  // Five clients in rounds until each was met in its place: how often is the scheduler's affair.
  for (let round = 0; round < 50 || (round < 1000 && (met.directory === 0 || met.link === 0)); round++)
    await Promise.all([0, 1, 2, 3, 4].map((i) => copies(round * 5 + i)));
  witness.assertUntouched('race');
  assert(met.directory > 0 && met.link > 0, `the race was not run: ${JSON.stringify(met)}`);
  await gantry.dockerOk('rm', '-f', id);
  rmSync(volume, { recursive: true });
});

test('SC-CP-06: programs of the container decompress nothing for the engine', async () => {
  const names = [
    'unpigz',
    'pigz',
    'gzip',
    'gunzip',
    'xz',
    'unxz',
    'bzip2',
    'bunzip2',
    'zstd',
    'unzstd',
    'setpriv',
  ];
  const places = ['bin', 'usr/bin', 'usr/local/bin', 'sbin', 'usr/sbin'];
  const trap = '#!/bin/sh\necho "ran as $0" >> /TRAP\n';
  const id = await box('true');
  const traps = places.flatMap((place) =>
    names.map((name): Member => [{ path: `${place}/${name}`, mode: 0o755 }, trap]),
  );
  assert.equal((await put(id, '/', tar(...traps))).status, 200);
  const plain = tar([{ path: 'hello' }, 'hi']);
  const by = (program: string) => execFileSync(program, ['-c'], { input: plain });
  for (const [form, body] of Object.entries({
    gzip: gzipSync(plain),
    zstd: zstdCompressSync(plain),
    xz: by('xz'),
    bzip2: by('bzip2'),
  })) {
    assert.equal((await put(id, '/tmp', body)).status, 200, form);
    assert.equal(await inside(id, 'cat /tmp/hello; rm /tmp/hello'), 'hi', form);
  }
  for (const broken of [
    Buffer.from('BZh91AY&SY rubbish'),
    Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 1, 2, 3]),
  ])
    assert.equal((await put(id, '/tmp', broken)).status, 400);
  assert.equal((await get(id, '/TRAP')).status, 404);
  await inside(id, '/usr/bin/xz');
  assert.equal((await get(id, '/TRAP')).status, 200, 'the trap does not spring at all');
});

test('SC-CP-07: a mount is never removed by what is put over it', async () => {
  using witness = new Witness();
  const id = await box('mkdir /dir; echo x > /file', '-v', `${witness.path}:/up/mounted`);
  for (const path of ['up', 'up/mounted', 'proc', 'dev', 'sys', 'etc/hosts']) {
    const { status, text } = await put(id, '/', tar([{ path }, 'a file']));
    assert.equal(status, 500, path);
    assert.match(text, /device or resource busy/, path);
  }
  witness.assertUntouched('a mount was emptied');
  const mounted = 'grep -c -E " /(up/mounted|proc|dev|sys|etc/hosts) " /proc/mounts';
  assert.equal(await inside(id, mounted), '5');
  const query = '&noOverwriteDirNonDir=1';
  const over = await put(id, '/', tar([{ path: 'dir' }, 'x']), query);
  assert.equal(over.status, 500, 'as dockerd says it: its error has no kind');
  assert.match(over.text, /cannot overwrite directory/);
  const under = await put(id, '/', tar([{ path: 'file', type: 'directory' }]), query);
  assert.equal(under.status, 500);
  assert.match(under.text, /cannot overwrite non-directory/);
  assert.equal((await put(id, '/', tar([{ path: 'dir' }, 'x']))).status, 200);
  assert.equal(await inside(id, 'cat /dir'), 'x');
});

test('SC-CP-08: special files and many files come to an end, in bounded memory', async () => {
  const many = 'mkdir /many; cd /many; seq 100000 | xargs touch';
  const host = mkdtempSync(join(tmpdir(), 'gantry-socket-'));
  const server = createServer().listen(join(host, 'socket'));
  await once(server, 'listening');
  const id = await box(`${many}; mkfifo /pipe; mknod /null c 1 3`, '-v', `${host}:/host`);
  for (const path of ['/pipe', '/null', '/host']) {
    const { status, bytes } = await get(id, path);
    assert.equal(status, 200, path);
    assert(bytes.length < 4096, path);
    assert.equal(bytes.includes('socket'), false, 'sockets have no form in an archive');
  }
  assert.equal((await get(id, '/proc/kmsg')).status, 404);
  const peak = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${gantry.pid}/status`, 'utf8'))?.[1]);
  const before = peak();
  const { bytes } = await get(id, '/many');
  const grown = (peak() - before) / 1024;
  assert(grown < 150, `the engine took ${grown} MiB`);
  const options = { input: bytes, encoding: 'utf8', maxBuffer: 1 << 24 } as const;
  assert.equal(execFileSync('tar', ['-t'], options).split('\n').length, 100_002);
  assert.equal((await gantry.api().get('/_ping')).status, 200);
  await gantry.dockerOk('rm', '-f', id); // a copy makes a bind's source anew when it is missing
  server.close(); // which removes the socket
  rmSync(host, { recursive: true });
});

test('SC-CP-09: the copy of old clients is held inside in the same way', async () => {
  using witness = new Witness();
  const id = await box(linksTo(witness));
  const copy = (Resource: string, version = '1.20') =>
    gantry.api(version).post(`/containers/${id}/copy`, { Resource });
  for (const resource of [
    '/sec',
    '/out/secret',
    '/rel/secret',
    '/two',
    `/${witness.climbing}/secret`,
    '/out/.',
  ]) {
    const { status, text } = await copy(resource);
    assert.equal(status, 500, resource);
    assert.equal(text.includes(witness.secret), false, resource);
  }
  assert.equal((await copy('')).status, 500);
  assert.equal((await copy('/etc/passwd')).status, 200);
  assert.equal((await copy('../../etc/passwd', '1.4')).status, 200);
});

test('SC-CP-10: a client that leaves in the middle, in either direction, leaves nothing behind', async (t) => {
  const seed = randomBytes(4).readUInt32LE();
  t.diagnostic(`seed ${seed}`);
  const random = generator(seed);
  const running = await box('head -c 30000000 /dev/zero > /big; mkdir /into');
  const ended = await gantry.dockerOk('create', 'busybox');
  assert.equal((await put(ended, '/', tar([{ path: 'big' }, 'x'.repeat(5_000_000)]))).status, 200);
  const upload = tar([{ path: 'up/half' }, 'y'.repeat(8_000_000)]);
  const round = async (count: number) => {
    for (let i = 0; i < count; i++) {
      const id = i % 2 === 0 ? running : ended;
      if (i % 4 < 2) await cutDownload(id, Math.floor(random() * 4_000_000));
      else await cutUpload(id, upload, Math.floor(random() * upload.length));
    }
  };
  await round(12); // what is opened once stays open
  const before = await atRest();
  await round(200);
  const after = await atRest();
  assert.equal(after.mounts, before.mounts);
  assert(after.files <= before.files, `${before.files} files were open, then ${after.files}`);
  assert.equal((await get(running, '/etc/passwd')).status, 200);
  assert.equal((await put(ended, '/', tar([{ path: 'x' }, 'x']))).status, 200);
});

/** xorshift: the same offsets again for the same seed. */
function generator(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

async function cutDownload(id: string, bytes: number): Promise<void> {
  const socket = gantry.api().connect();
  socket.on('error', () => undefined);
  socket.write(`GET ${archiveOf(id, '/big')} HTTP/1.1\r\nHost: x\r\n\r\n`);
  let had = 0;
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    had += chunk.length;
    if (had >= bytes) break; // which destroys the socket
  }
}

async function cutUpload(id: string, body: Buffer, bytes: number): Promise<void> {
  const socket = gantry.api().connect();
  socket.on('error', () => undefined);
  socket.write(`PUT ${archiveOf(id, '/')} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n`);
  await new Promise<void>((resolve) => socket.write(body.subarray(0, bytes), () => resolve()));
  socket.destroy();
}

/** Far longer than the last view takes to close behind its client. */
const REST_TIMEOUT_MS = 60_000;

interface Holdings {
  /** Descriptors of files. Threads and their sockets come and go by load. */
  readonly files: number;
  readonly mounts: number;
}

/** What the engine holds once no view is open and nothing is in the making. */
async function atRest(): Promise<Holdings> {
  const deadline = Date.now() + REST_TIMEOUT_MS;
  for (;;) {
    const links = openLinks();
    const own = readlinkSync(`/proc/${gantry.pid}/ns/mnt`); // it comes back there from every view
    const views = links.filter((link) => link.startsWith('mnt:') && link !== own);
    const staged = readdirSync(join(gantry.dataRoot, 'staging'));
    if (views.length === 0 && staged.length === 0)
      return { files: links.filter(isOwnFile).length, mounts: mountsBelow(gantry.root).length };
    assert(Date.now() < deadline, `still there: ${views.length} views, ${staged}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const isOwnFile = (link: string): boolean =>
  link.startsWith('/') && !link.startsWith('/dev') && !link.includes('.sqlite');

function openLinks(): string[] {
  return readdirSync(`/proc/${gantry.pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${gantry.pid}/fd/${fd}`)];
    } catch {
      return []; // closed meanwhile
    }
  });
}
