/** Builds on the wire through the versions: forms, texts and JSON, failed commands, logins, addresses, clients that leave; refusals as dockerd's. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { startDockerd } from '../harness/dockerd.ts';
import { startGantry } from '../harness/gantry.ts';
import type { Answer, Api } from '../harness/http.ts';
import { file, tarOf } from '../harness/layered.ts';
import { freePort, startRegistry } from '../harness/registry.ts';
import { until } from '../harness/until.ts';

const gantry = await startGantry({ after });
const dockerd = await startDockerd({ after });

const TYPE = { 'content-type': 'application/x-tar' };
const context = (dockerfile: string, files: Readonly<Record<string, string>> = {}): Buffer =>
  tarOf(
    [['Dockerfile', dockerfile] as const, ...Object.entries(files)].map(([path, text]) => file(path, text)),
  );
const build = (
  version: string,
  query: string,
  body: Buffer | string,
  headers: Readonly<Record<string, string>> = {},
) => gantry.api(version).request('POST', `/build?${query}`, { body, headers: { ...TYPE, ...headers } });
const messagesOf = ({ text }: Answer): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line));
const streamed = (answer: Answer): string =>
  messagesOf(answer)
    .map(({ stream = '' }) => stream)
    .join('');
const configOf = async (name: string): Promise<{ Labels?: Record<string, string> }> =>
  (await gantry.api().get(`/images/${name}/json`)).json<{ Config: { Labels?: Record<string, string> } }>()
    .Config;

const FAILING = context('FROM busybox\nRUN exit 3\n');

test('a failed command is told with its status, in the words of the version', async () => {
  for (const [version, words] of [
    ['1.55', "The command '/bin/sh -c exit 3' returned a non-zero code: 3"],
    ['1.19', "The command '/bin/sh -c exit 3' returned a non-zero code: 3"],
    ['1.18', 'The command [/bin/sh -c exit 3] returned a non-zero code: 3'],
    ['1.8', 'The command [/bin/sh -c exit 3] returned a non-zero code: 3'],
  ] as const) {
    const answer = await build(version, 'rm=1', FAILING);
    assert.deepEqual([answer.status, answer.headers['content-type']], [200, 'application/json']);
    assert.deepEqual(messagesOf(answer).at(-1), { errorDetail: { code: 3, message: words }, error: words });
  }
});

test('of what comes after the failed command nothing is told', async () => {
  const answer = await build(
    '1.41',
    '',
    context('FROM busybox AS a\nRUN exit 3\nFROM busybox\nCOPY --from=a / /a\n'),
  );
  assert.match(streamed(answer), /\nDockerfile:2: RUN exit 3\n$/);
});

test('below 1.8 all of it is text', async () => {
  const answer = await build('1.7', 't=text:1', context('FROM busybox\nRUN echo hello\n'));
  assert.deepEqual([answer.status, answer.headers['content-type']], [200, 'text/plain; charset=utf-8']);
  assert.match(answer.text, /^Step 1 : FROM busybox\n ---> [0-9a-f]{12}\nStep 2 : RUN echo hello\n/);
  assert.match(answer.text, /\nhello\n(?:.*\n)*Successfully built [0-9a-f]{12}\n$/);
  const failed = await build('1.7', '', FAILING);
  assert.match(
    failed.text,
    /\nError build: The command \[\/bin\/sh -c exit 3\] returned a non-zero code: 3\n$/,
  );
});

for (const [what, parts] of [
  ['the context first, as clients sent it', ['Context', 'Dockerfile']],
  ['the Dockerfile first', ['Dockerfile', 'Context']],
] as const)
  test(`below 1.3 a build comes as a form, ${what}`, async () => {
    const archive = gzipSync(context('FROM nothing/of/this\n', { f: `from the context, ${what}\n` }));
    const bodies = { Context: archive, Dockerfile: Buffer.from('FROM busybox\nADD f /f\nRUN cat /f\n') };
    const body = Buffer.concat([
      ...parts.flatMap((name) => [
        Buffer.from(`--b\r\nContent-Disposition: form-data; name="${name}"; filename="x"\r\n\r\n`),
        ...[bodies[name], Buffer.from('\r\n')],
      ]),
      Buffer.from('--b--\r\n'),
    ]);
    const { status, text } = await build('1.1', 't=formed', body, {
      'content-type': 'multipart/form-data; boundary=b',
    });
    assert.equal(status, 200, text);
    assert.ok(text.includes(`\nfrom the context, ${what}\n`), text);
    assert.equal((await gantry.api().get('/images/formed/json')).status, 200);
  });

test('a Dockerfile may be all there is of a form', async () => {
  const body =
    '--b\r\nContent-Disposition: form-data; name="Dockerfile"\r\n\r\nFROM busybox\nRUN echo alone\n\r\n--b--';
  const { text } = await build('1.2', '', body, { 'content-type': 'multipart/form-data; boundary=b' });
  assert.match(text, /\nalone\n/);
});

test('the image’s id comes in aux from 1.30, and is all that a quiet build tells', async () => {
  const labelled = context('FROM scratch\nLABEL a=b\n');
  const aux = (answer: Answer) =>
    messagesOf(answer).flatMap(({ aux }) => (aux ? [aux as { ID: string }] : []));
  const newer = aux(await build('1.30', 't=told', labelled));
  assert.match(newer.at(-1)?.ID ?? '', /^sha256:[0-9a-f]{64}$/);
  assert.deepEqual(aux(await build('1.29', '', labelled)), []);
  assert.deepEqual(messagesOf(await build('1.55', 'q=1', labelled)), [{ stream: `${newer.at(-1)?.ID}\n` }]);
});

test('below 1.22 a quiet build tells its steps, not what they print', async () => {
  const loud = context('FROM busybox\nRUN echo loud\n');
  const { text } = await build('1.21', 'q=1&nocache=1', loud);
  assert.match(text, /Step 2 : RUN echo loud.*Successfully built [0-9a-f]{12}/s);
  assert.doesNotMatch(text, /"loud/);
  assert.match((await build('1.21', 'nocache=1', loud)).text, /"loud\\n"/);
});

test('a line of .dockerignore that begins with # is a comment', async () => {
  const files = { '.dockerignore': '#*\nleft\n.dockerignore\nDockerfile\n', '#taken': '', left: '' };
  const answer = await build('1.55', '', context('FROM busybox\nCOPY . /d\nRUN ls -A /d\n', files));
  assert.match(streamed(answer), /\n#taken\n(?!left)/);
});

test('labels and build arguments, null ones too, are those of the request', async () => {
  const query = `t=args&labels=${encodeURIComponent('{"l":"v"}')}&buildargs=${encodeURIComponent('{"A":"1","B":null}')}`;
  const answer = await build('1.55', query, context('FROM scratch\nARG A\nARG B=2\nLABEL a=$A b=$B\n'));
  assert.doesNotMatch(answer.text, /error/, answer.text);
  assert.deepEqual((await configOf('args')).Labels, { a: '1', b: '2', l: 'v' });
  await build('1.20', query, context('FROM scratch\nARG A\nLABEL a=x$A\n'));
  assert.deepEqual((await configOf('args')).Labels, { a: 'x' });
});

test('a login for the base’s registry comes with the build, in each form', async (t) => {
  // `secret`, by bcrypt.
  const htpasswd = 'me:$2b$04$z2JZ/sqBhCI2LK31fRvgPu3LYNPO1.bWJUbUjixO725xL3DFckf0W\n';
  const { host } = await startRegistry(t, { htpasswd });
  const login = { username: 'me', password: 'secret', serveraddress: host };
  const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  assert.equal((await gantry.api().post(`/images/busybox/tag?repo=${host}/base&tag=1`)).status, 201);
  const pushed = await gantry.api().request('POST', `/images/${host}/base/push`, {
    headers: { 'X-Registry-Auth': encoded(login) },
  });
  assert.doesNotMatch(pushed.text, /"error"/);
  const from = context(`FROM ${host}/base:1\nLABEL x=y\n`);
  for (const [version, headers, works] of [
    ['1.55', { 'X-Registry-Config': encoded({ [host]: login }) }, true],
    ['1.55', { 'X-Registry-Config': encoded({ [`http://${host}/v1/`]: login }) }, true],
    ['1.18', { 'X-Registry-Config': encoded({ configs: { [host]: login } }) }, true],
    ['1.8', { 'X-Registry-Auth': encoded(login) }, true],
    ['1.9', { 'X-Registry-Auth': encoded(login) }, false],
    ['1.55', { 'X-Registry-Config': encoded({ 'other:5000': login }) }, false],
    ['1.55', { 'X-Registry-Config': '%%%' }, false],
  ] as const) {
    await gantry.api().delete(`/images/${host}/base:1`);
    const { text } = await build(version, 'pull=1', from, headers);
    assert.equal(
      !/no basic auth|unauthorized|denied/i.test(text),
      works,
      `${version} ${JSON.stringify(headers)} ${text}`,
    );
  }
  assert.doesNotMatch(gantry.log(), /secret/);
});

test('a context lies on the web, or in a repository', async (t) => {
  const home = mkdtempSync(join(tmpdir(), 'gantry-remote-'));
  const git = (...words: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@a', '-C', join(home, 'app'), ...words]);
  mkdirSync(join(home, 'app', 'sub'), { recursive: true });
  git('init', '-q', '-b', 'trunk');
  writeFileSync(join(home, 'app', 'sub', 'Dockerfile'), 'FROM busybox\nCOPY . /c\nRUN ls -A /c\n');
  writeFileSync(join(home, 'app', 'Dockerfile'), 'FROM busybox\nCOPY . /c\nRUN ls -A /c && echo whole\n');
  git('add', '-A');
  git('commit', '-q', '-m', 'x');
  const port = await freePort();
  const words = ['daemon', '--export-all', '--listen=127.0.0.1', `--port=${port}`, `--base-path=${home}`];
  const daemon = spawn('git', words, { stdio: 'ignore' });
  const pages: Readonly<Record<string, Buffer | string>> = {
    '/Dockerfile': 'FROM busybox\nRUN echo from the web\n',
    '/context.tar.gz': gzipSync(context('FROM busybox\nCOPY f /f\nRUN cat /f\n', { f: 'packed\n' })),
  };
  const server = createServer((request, response) => {
    const page = pages[request.url ?? ''];
    if (page === undefined) response.writeHead(404);
    response.end(page);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    daemon.kill();
    server.close();
    rmSync(home, { recursive: true });
  });
  const web = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const repository = `git://127.0.0.1:${port}/app`;
  await until(async () => /"Successfully built|Successfully built/.test((await remote(repository)).text));
  for (const [address, told] of [
    [repository, /\nDockerfile\nsub\nwhole\n/],
    [`${repository}#trunk:sub`, /\nDockerfile\n(?!sub)/],
    [`${web}/Dockerfile`, /\nfrom the web\n/],
    [`${web}/context.tar.gz`, /\npacked\n/],
  ] as const)
    assert.match(streamed(await remote(address, 'nocache=1')), told, address);
  const missing = await remote(`${web}/nothing`);
  assert.deepEqual([missing.status, /status 404/.test(missing.text)], [404, true]);
  assert.match(
    (await remote(`${web.replace('//', '//u:secret@')}/nothing.git`)).text,
    /(?!.*secret).*error fetching/,
  );
  assert.doesNotMatch(gantry.log(), /secret/);
});

const remote = (address: string, more = ''): Promise<Answer> =>
  gantry.api().post(`/build?remote=${encodeURIComponent(address)}&${more}`);

const SLEEPING = context('FROM busybox\nRUN sleep 1000\n');
const running = async (): Promise<number> =>
  (await gantry.api().get('/containers/json')).json<unknown[]>().length;

test('a build ends with its client from 1.18 on, and by its id', async () => {
  const leave = new AbortController();
  const left = gantry
    .api('1.18')
    .request('POST', '/build?forcerm=1', { body: SLEEPING, headers: TYPE, signal: leave.signal });
  await until(async () => (await running()) === 1);
  leave.abort();
  await assert.rejects(left);
  await until(async () => (await running()) === 0);
  const cancelled = build('1.55', 'buildid=b1&forcerm=1', SLEEPING);
  await until(async () => (await running()) === 1);
  assert.equal((await gantry.api().post('/build/cancel?id=b1')).status, 200);
  assert.match((await cancelled).text, /"error":"[^"]*cancel/);
  await until(async () => (await running()) === 0);
});

test('below 1.18 a build goes on without its client', async () => {
  const leave = new AbortController();
  const body = context('FROM busybox\nRUN sleep 2\nLABEL went=on\n');
  const left = gantry
    .api('1.17')
    .request('POST', '/build?t=alone', { body, headers: TYPE, signal: leave.signal });
  await until(async () => (await running()) === 1);
  leave.abort();
  await assert.rejects(left);
  await until(async () => (await gantry.api().get('/images/alone/json')).status === 200);
});

/** A request, and whether its status is dockerd's, where ours says whose mistake it is; the words always are. */
const REFUSALS: readonly (readonly [query: string, body: Buffer | string, sameStatus?: boolean])[] = [
  ['buildargs=%5B%5D', FAILING],
  ['buildargs=%7B', FAILING],
  ['labels=%7B%22a%22:1%7D', FAILING],
  ['target=nope', FAILING],
  ['', context('')],
  ['', tarOf([file('x', 'y')])],
  ['dockerfile=nope', FAILING],
  ['dockerfile=../x', FAILING],
  ['t=a:b:c', FAILING, false],
  ['version=3', FAILING, false],
  ['remote=foo', '', false],
  ['remote=file:///etc', '', false],
];

for (const [query, body, sameStatus = true] of REFUSALS)
  test(`POST /build?${query} with ${body.length} bytes is refused as by dockerd`, {
    skip: typeof dockerd === 'string' ? dockerd : false,
  }, async () => {
    assert.ok(typeof dockerd !== 'string');
    const ask = (api: Api) => api.request('POST', `/build?${query}`, { body, headers: TYPE });
    const [ours, theirs] = [await ask(gantry.api('1.41')), await ask(dockerd.api('1.41'))];
    assert.equal(ours.json().message, theirs.json().message);
    if (sameStatus) assert.equal(ours.status, theirs.status);
    else assert.deepEqual([ours.status, theirs.status], [400, 500]);
  });
