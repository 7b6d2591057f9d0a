/** Repositories that are served on loopback by git daemon and by git http-backend, checked out; and what must not work. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createListener } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { GitAccess } from './access.ts';
import { readAddress } from './address.ts';
import { commitOf } from './commit.ts';
import { checkOut } from './git.ts';
import { directoryIn } from './subdirectory.ts';
import { answerByGit } from './test-git-backend.ts';

const HOME = mkdtempSync(join(tmpdir(), 'gantry-git-test-'));
const SERVED = join(HOME, 'served');
/** Everybody may touch it, from wherever `/tmp` is. */
const CAGE = mkdtempSync('/var/tmp/gantry-canary-');
chmodSync(CAGE, 0o777);
const CANARY = join(CAGE, 'canary');
const env = {
  ...process.env,
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  ...{ GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@a', GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@a' },
};
const inRepo = (name: string, ...words: string[]): string =>
  execFileSync('git', ['-c', 'protocol.file.allow=always', '-C', join(SERVED, name), ...words], {
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim();

function commit(name: string, files: Readonly<Record<string, string>>): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(SERVED, name, path, '..'), { recursive: true });
    writeFileSync(join(SERVED, name, path), text);
  }
  inRepo(name, 'add', '-A');
  inRepo(name, 'commit', '-q', '-m', 'change');
  return inRepo(name, 'rev-parse', 'HEAD');
}

function repository(name: string): void {
  mkdirSync(join(SERVED, name), { recursive: true });
  inRepo(name, 'init', '-q', '-b', 'trunk');
  writeFileSync(join(SERVED, name, '.git', 'git-daemon-export-ok'), '');
}

let first = '';
let hidden = '';
let http: Server;
let port = 0;
let daemonPort = 0;
let daemon: ReturnType<typeof spawn>;
/** What the web server demands, and what it was told. */
let wanted: string | undefined;
const asked: string[] = [];
let dumb = false;

before(async () => {
  repository('app');
  first = commit('app', { Dockerfile: 'FROM one', 'sub/dir/f': 'deep' });
  hidden = commit('app', { Dockerfile: 'FROM hidden' });
  inRepo('app', 'reset', '-q', '--hard', first);
  inRepo('app', 'tag', 'v1');
  inRepo('app', 'checkout', '-q', '-b', 'feature/x');
  commit('app', { Dockerfile: 'FROM two' });
  execFileSync('ln', ['-s', '../..', join(SERVED, 'app', 'out')]);
  execFileSync('ln', ['-s', '/etc', join(SERVED, 'app', 'abs')]);
  execFileSync('ln', ['-s', 'sub/dir', join(SERVED, 'app', 'in')]);
  commit('app', { x: 'y' });
  inRepo('app', 'checkout', '-q', 'trunk');
  commit('app', { Dockerfile: 'FROM three' });
  inRepo('app', 'update-server-info');
  http = createServer((request, response) => void serve(request, response));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  port = (http.address() as AddressInfo).port;
  daemonPort = await freePort();
  daemon = spawn(
    'git',
    ['daemon', '--reuseaddr', '--listen=127.0.0.1', `--port=${daemonPort}`, `--base-path=${SERVED}`],
    {
      env,
      stdio: 'ignore',
    },
  );
});

after(() => {
  daemon.kill();
  http.close();
  http.closeAllConnections();
  for (const path of [HOME, CAGE]) rmSync(path, { recursive: true, force: true });
});

async function freePort(): Promise<number> {
  const listener = createListener();
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as AddressInfo;
  await new Promise((resolve) => listener.close(resolve));
  return port;
}

/** By git's program; dumb: the files of the repository as they lie there. */
async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '', 'http://x');
  asked.push(`${request.headers.authorization ?? ''} ${request.url}`);
  if (wanted !== undefined && request.headers.authorization !== wanted)
    return void response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="x"' }).end();
  const path = url.pathname.replace(/\.git(?=\/|$)/, '/.git');
  if (dumb) {
    const file = join(SERVED, path);
    if (!existsSync(file) || !statSync(file).isFile()) return void response.writeHead(404).end();
    return void response.end(readFileSync(file));
  }
  await answerByGit(SERVED, path, request, response);
}

/** The checkout's files, and what its root and the repository's configuration say. */
async function taken<T>(
  text: string,
  look: (tree: string) => T,
  signal = new AbortController().signal,
  access: GitAccess = {},
): Promise<T> {
  const place = mkdtempSync(join(HOME, 'place-'));
  try {
    const address = readAddress(text);
    assert.ok(address.is === 'repository');
    const tree = await checkOut(address, place, { proxies: undefined, access, signal });
    return look(directoryIn(tree, address.directory));
  } finally {
    rmSync(place, { recursive: true });
  }
}
const dockerfile = (tree: string): string => readFileSync(join(tree, 'Dockerfile'), 'utf8');
const smart = (fragment = ''): string => `http://127.0.0.1:${port}/app.git${fragment}`;

test('a branch, a tag, a commit and HEAD are found, by smart and dumb http and by git', async (t) => {
  for (const [how, address] of [
    ['smart', smart()],
    ['dumb', smart()],
    ['git', `git://127.0.0.1:${daemonPort}/app`],
  ] as const) {
    dumb = how === 'dumb';
    t.after(() => {
      dumb = false;
    });
    for (const [fragment, text] of [
      ['', 'FROM three'],
      ['#trunk', 'FROM three'],
      ['#feature/x', 'FROM two'],
      ['#v1', 'FROM one'],
      [`#${first}`, 'FROM one'],
      [`#${first.slice(0, 10)}`, 'FROM one'],
      ['#refs/heads/feature/x', 'FROM two'],
    ] as const)
      assert.equal(await taken(address + fragment, dockerfile), text, `${how} ${fragment}`);
  }
});

/** What is asked for first, and the server's words. */
async function named(text: string) {
  const place = mkdtempSync(join(HOME, 'place-'));
  const heard: string[] = [];
  try {
    const address = readAddress(text);
    assert.ok(address.is === 'repository');
    const { signal } = new AbortController();
    const said = async (answer: string): Promise<void> => void heard.push(answer);
    return { ...(await commitOf(address, place, { proxies: undefined, signal, heard: said })), heard };
  } finally {
    rmSync(place, { recursive: true });
  }
}

test('a server is asked which commit a name means, a branch before a tag; a commit names itself', async (t) => {
  const trunk = inRepo('app', 'rev-parse', 'trunk');
  inRepo('app', 'tag', '-a', '-m', 'told', 'told', first);
  inRepo('app', 'tag', 'trunk', first);
  t.after(() => inRepo('app', 'tag', '-d', 'told', 'trunk'));
  const cases: [string, string, string][] = [
    ['', trunk, 'refs/heads/trunk'],
    ['#trunk', trunk, 'refs/heads/trunk'],
    ['#refs/tags/trunk', first, 'refs/tags/trunk'],
    ['#v1', first, 'refs/tags/v1'],
    ['#told', first, 'refs/tags/told'],
  ];
  for (const [fragment, commit, name] of cases) {
    const { heard, ...found } = await named(smart(fragment));
    assert.deepEqual(found, { commit, name }, fragment);
    assert.ok(heard.at(-1)?.includes(`${commit}\t`) && heard.length === (fragment === '' ? 2 : 1));
  }
  assert.deepEqual(await named(`http://127.0.0.1:1/gone.git#${first}`), {
    ...{ commit: first, name: undefined, heard: [] },
  });
  // The end of a name is no name.
  await assert.rejects(named(smart('#x')), {
    code: 'build.refMissing',
    message: /^repository does not contain ref x, output: "[0-9a-f]{40}\\trefs\/heads\/feature\/x\\n"$/,
  });
});

test('a commit is checked out whatever its name means by now; its name is kept as a tag', async () => {
  const address = readAddress(smart('#trunk'));
  assert.ok(address.is === 'repository');
  const place = mkdtempSync(join(HOME, 'place-'));
  const options = { proxies: undefined, signal: new AbortController().signal };
  const tree = await checkOut({ ...address, ref: first }, place, {
    ...options,
    keptName: 'refs/heads/trunk',
  });
  assert.equal(dockerfile(tree), 'FROM one');
  assert.deepEqual(readdirSync(join(tree, '.git/refs/tags')), ['trunk']);
  assert.match(readFileSync(join(tree, '.git/config'), 'utf8'), /\[remote "origin"\]\n\turl = http:/);
  assert.equal(existsSync(join(tree, '.git/FETCH_HEAD')), false);
});

test('a directory may be the context, and a link inside leads to one', async () => {
  for (const fragment of ['#:sub/dir', '#feature/x:in', '#feature/x:./sub/dir/'])
    assert.deepEqual(await taken(smart(fragment), (root) => readdirSync(root)), ['f'], fragment);
});

test('SC-BLD-09: a directory outside of the repository is not found', async () => {
  const outside = { code: 'build.contextOutside' };
  // Followed by the kernel below the checkout, `..` ends at its root.
  const whole = await taken(smart('#feature/x'), (root) => readdirSync(root));
  assert.deepEqual(await taken(smart('#feature/x:out'), (root) => readdirSync(root)), whole);
  await assert.rejects(taken(smart('#feature/x:abs'), dockerfile), outside);
  for (const fragment of ['#feature/x:abs/passwd', '#:Dockerfile', '#:sub/nothing/deep'])
    await assert.rejects(taken(smart(fragment), dockerfile), outside);
});

test('what is not there is told in the words of git', async () => {
  await assert.rejects(taken(smart('#nothing'), dockerfile), {
    code: 'build.gitFailed',
    message:
      /^error fetching http:\/\/127\.0\.0\.1:\d+\/app\.git#nothing: .*couldn't find remote ref nothing/,
  });
  await assert.rejects(taken(`http://127.0.0.1:${port}/none.git`, dockerfile), {
    message: /error fetching .*not found/s,
  });
  await assert.rejects(taken(`git://127.0.0.1:1/none`, dockerfile), { message: /Connection refused/ });
  await assert.rejects(taken(smart(`#${'0'.repeat(40)}`), dockerfile), { code: 'build.gitFailed' });
  assert.notEqual(hidden, first);
});

test('SC-BLD-09: credentials reach the server, no command line and no message', async (t) => {
  t.after(() => {
    wanted = undefined;
  });
  wanted = `Basic ${Buffer.from('me:s@:cret').toString('base64')}`;
  const words = new Set<string>();
  const watch = setInterval(() => {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
      try {
        words.add(readFileSync(`/proc/${pid}/cmdline`, 'latin1'));
      } catch {
        // It has ended.
      }
  }, 5);
  try {
    assert.equal(await taken(`http://me:s%40%3Acret@127.0.0.1:${port}/app.git`, dockerfile), 'FROM three');
    wanted = 'Bearer s@:cret';
    const scope = `http://127.0.0.1:${port}/app.git`;
    const lent = (address: string) =>
      taken(address, dockerfile, undefined, { authorization: { scope, value: 'Bearer s@:cret' } });
    assert.equal(await lent(scope), 'FROM three');
    await assert.rejects(lent(`http://127.0.0.1:${port}/apple.git`), { code: 'build.gitFailed' });
  } finally {
    clearInterval(watch);
  }
  assert.ok([...words].some((line) => line.includes('git-remote-http') || line.includes('fetch')));
  assert.deepEqual(
    [...words].filter((line) => /s@:cret|s%40%3Acret/i.test(line) && !line.includes('node')),
    [],
  );
  await assert.rejects(
    taken(`http://me:wrong%40secret@127.0.0.1:${port}/app.git`, dockerfile),
    (error: Error) => {
      assert.match(error.message, /Authentication failed|prompts disabled/);
      return !/wrong|secret/.test(error.message);
    },
  );
});

test('SC-BLD-09: a submodule comes along; one that is a local path or a program does not', async () => {
  repository('part');
  commit('part', { p: 'q' });
  repository('whole');
  inRepo('whole', 'submodule', '--quiet', 'add', '../part', 'part');
  inRepo('whole', 'config', '-f', '.gitmodules', 'submodule.part.url', '../part.git');
  commit('whole', { Dockerfile: 'FROM s' });
  const whole = `http://127.0.0.1:${port}/whole.git`;
  assert.equal(await taken(whole, (root) => readFileSync(join(root, 'part', 'p'), 'utf8')), 'q');
  for (const url of [join(SERVED, 'part'), `file://${SERVED}/part`, `ext::sh -c touch% ${CANARY}`, '-u./x']) {
    inRepo('whole', 'config', '-f', '.gitmodules', 'submodule.part.url', url);
    commit('whole', { url });
    await assert.rejects(taken(whole, dockerfile), { code: 'build.gitFailed' }, url);
  }
  inRepo('whole', 'config', '-f', '.gitmodules', 'submodule.part.url', '../part.git');
  inRepo('whole', 'config', '-f', '.gitmodules', 'submodule.part.update', `!touch ${CANARY}`);
  commit('whole', { update: '!' });
  await taken(whole, dockerfile).catch(() => undefined);
  assert.equal(existsSync(CANARY), false);
});

test('git runs as nobody, without hooks and without what others configured', {
  skip: process.getuid?.() !== 0,
}, async () => {
  const owners = await taken(smart(), (root) => [statSync(root).uid, statSync(join(root, 'Dockerfile')).uid]);
  assert.deepEqual(owners, [65534, 65534]);
  const hooks = await taken(smart(), (root) => readFileSync(join(root, '..', 'home', 'config'), 'utf8'));
  assert.match(hooks, /hooksPath = \/dev\/null/);
});

test('an abort ends git and all that it started', async (t) => {
  const connections: { destroy(): void }[] = [];
  const silent = createListener((socket) => void connections.push(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of connections) socket.destroy();
    silent.close();
  });
  const stop = new AbortController();
  const address = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/silent.git`;
  const running = taken(address, dockerfile, stop.signal);
  while (connections.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  stop.abort(new Error('enough'));
  await assert.rejects(running, { message: 'enough' });
  const left = readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('silent.git');
    } catch {
      return false;
    }
  });
  assert.deepEqual(left, []);
});
