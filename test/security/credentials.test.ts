/**
 * Cases SC-LOG-05 and 06 over everything that is told secrets: pulls, pushes, logins, builds, repositories, proxies. Where
 * they went is looked for in our log, in all answers, in all files of ours, and in the arguments and environments of every
 * program that the daemon and those behind it ran.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { buildArchive, contextOf } from '../harness/building.ts';
import { FakeRegistry, refuse } from '../harness/fake-registry.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { type GitServer, serveGit } from '../harness/git-server.ts';
import { file, tarOf } from '../harness/layered.ts';

/** One secret for each way in: what is found says which way it took. */
const SECRETS = {
  registry: 'secret-of-the-registry-51c9',
  token: 'identity-token-of-the-registry-aa02',
  wrong: 'secret-that-is-wrong-77e1',
  git: 'secret-of-the-repository-90fd',
  proxy: 'secret-of-the-proxy-d3b7',
} as const;
/** What is a part of a process by its client's own word: its environment, and for builds the history. */
const ARGUMENT = 'value-of-an-argument-f00d';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const basic = (secret: string): string => `Basic ${base64(`me:${secret}`)}`;
/** A secret as it is, and as it travels: in base64 it has three forms, by what stands before it. */
const formsOf = (secret: string): string[] => [
  secret,
  ...['', 'm', 'me'].map((before) => base64(`${before}:${secret}`).slice(4, -4)),
];
const FORMS = Object.values(SECRETS).flatMap(formsOf);

let home = '';
let gantry: Gantry;
let registry: FakeRegistry;
let git: GitServer;
const ends: (() => unknown)[] = [];
const scope = { after: (end: () => Promise<void>) => void ends.push(end) };

before(async () => {
  home = mkdtempSync(join(tmpdir(), 'gantry-credentials-'));
  ends.push(() => rmSync(home, { recursive: true, force: true }));
  registry = await FakeRegistry.start(scope);
  registry.answering = ({ headers }, response) => {
    if (headers.authorization === basic(SECRETS.registry)) return false;
    response.setHeader('WWW-Authenticate', 'Basic realm="x"');
    refuse(response, 401, 'UNAUTHORIZED');
    return true;
  };
  registry.putImage('app', '1', { layers: [tarOf([file('a', 'a')])] });
  git = await serveGit(home, [basic(SECRETS.git)]);
  ends.push(() => git.stop());
  const made = join(home, 'made');
  execFileSync('git', ['init', '-q', '-b', 'main', made]);
  writeFileSync(join(made, 'Dockerfile'), 'FROM scratch\nCOPY Dockerfile /\n');
  const told = ['-C', made, '-c', 'user.name=x', '-c', 'user.email=x@x'];
  execFileSync('git', ['-C', made, 'add', '.']);
  execFileSync('git', [...told, 'commit', '-q', '-m', 'x']);
  execFileSync('git', ['clone', '-q', '--bare', made, join(home, 'app.git')]);
  gantry = await startGantry(scope, {
    args: ['-D'],
    program: traced(join(home, 'programs')),
    env: { HTTP_PROXY: `http://me:${SECRETS.proxy}@127.0.0.1:9`, NO_PROXY: '127.0.0.1' },
  });
});
after(async () => {
  for (const end of ends.toReversed()) await end();
});

/** A launcher whose process is the daemon itself, watched from its first moment by one that notes every program. */
function traced(log: string): string {
  const launcher = join(home, 'gantry');
  const strace = [
    'strace',
    '-D',
    '-f',
    '-qq',
    '-v',
    '-s',
    '100000',
    '-e',
    'trace=execve,execveat',
    '-o',
    log,
  ];
  const program = join(import.meta.dirname, '../../bin/gantry');
  writeFileSync(launcher, `#!/bin/sh\nexec ${strace.join(' ')} ${program} "$@"\n`);
  chmodSync(launcher, 0o755);
  return launcher;
}

const authOf = (password: string, more: object = {}): Record<string, string> => ({
  'X-Registry-Auth': base64(
    JSON.stringify({ username: 'me', password, serveraddress: registry.host, ...more }),
  ),
});

/** Everything that was answered, to be looked through. */
const answers: string[] = [];
async function ask(method: string, path: string, body?: object, headers: Record<string, string> = {}) {
  const answer = await gantry.api('1.41').request(method, path, { body, headers });
  answers.push(`${method} ${path.split('?')[0]}: ${answer.text}`);
  return answer;
}

test('SC-LOG-05, SC-LOG-06: what is told in confidence does its work', async () => {
  const image = `${registry.host}/app`;
  const pull = (password: string) =>
    ask('POST', `/images/create?fromImage=${image}&tag=1`, undefined, authOf(password));
  assert.match((await pull(SECRETS.wrong)).text, /unauthorized/);
  assert.match((await pull(SECRETS.registry)).text, /Downloaded newer image/);
  await ask('POST', `/images/${image}:1/tag?repo=${image}&tag=2`);
  const push = (password: string, more = {}) =>
    ask('POST', `/images/${image}/push?tag=2`, undefined, authOf(password, more));
  assert.match((await push('', { identitytoken: SECRETS.token })).text, /error/);
  assert.doesNotMatch((await push(SECRETS.registry)).text, /error/);
  const login = (password: string) =>
    ask('POST', '/auth', { username: 'me', password, serveraddress: registry.host });
  assert.equal((await login(SECRETS.wrong)).status, 401);
  assert.equal((await login(SECRETS.registry)).status, 200);
  // By the proxy, which is not there.
  assert.notEqual((await ask('POST', '/images/create?fromImage=registry.invalid:80/x&tag=1')).status, 200);
  const address = (secret: string) => `http://me:${secret}@127.0.0.1:${git.port}/app.git#main`;
  const remote = (secret: string) => ask('POST', `/build?remote=${encodeURIComponent(address(secret))}`);
  assert.ok((await remote(SECRETS.wrong)).status >= 400);
  assert.match((await remote(SECRETS.git)).text, /Successfully built/);
  assert.ok(git.asked.has(basic(SECRETS.git)));
  const context = contextOf('FROM busybox\nARG WORD\nRUN test -n "$WORD"\n');
  const built = await buildArchive(gantry, context, {
    t: 'argued',
    buildargs: JSON.stringify({ WORD: ARGUMENT }),
  });
  assert.match(built.text, /Successfully built/);
  // What fails on our side is told in our log.
  const without = await buildArchive(gantry, tarOf([file('x', 'x')]), {
    buildargs: JSON.stringify({ WORD: ARGUMENT }),
    labels: JSON.stringify({ login: SECRETS.git }),
  });
  assert.equal(without.status, 500);
  answers.push(built.text.replaceAll(ARGUMENT, ''), without.text);
});

test('SC-LOG-05, SC-LOG-06: it is in no log, no answer and no event afterwards', async () => {
  for (const path of [
    ...[
      '/info',
      '/version',
      `/events?since=0&until=${Math.floor(Date.now() / 1000)}`,
      '/images/json?all=1',
      '/system/df',
      '/containers/json?all=1',
    ],
    ...[`/images/${registry.host}/app:1/json`, `/images/${registry.host}/app:2/history`],
  ])
    assert.equal((await ask('GET', path)).status, 200, path);
  for (const form of FORMS) {
    assert.ok(!gantry.log().includes(form), `in our log: ${form}`);
    for (const answer of answers) assert.ok(!answer.includes(form), `${form} in ${answer.slice(0, 500)}`);
  }
  assert.ok(!gantry.log().includes(ARGUMENT), 'an argument of a build in our log');
});

test('SC-LOG-05: it is in no file of ours', () => {
  const patterns = FORMS.flatMap((form) => ['-e', form]);
  const search = ['-rlaF', '--devices=skip', ...patterns, gantry.dataRoot, gantry.execRoot];
  const { stdout, status } = spawnSync('grep', search, { encoding: 'utf8' });
  assert.deepEqual([stdout, status], ['', 1]);
});

test('SC-LOG-05: it is in no argument and no environment of a program that was run', () => {
  const programs = readFileSync(join(home, 'programs'), 'utf8').split('\n');
  assert.ok(
    programs.some((line) => /"git"/.test(line)),
    'git was seen',
  );
  assert.ok(
    programs.some((line) => line.includes(`WORD=${ARGUMENT}`)),
    'what a build ran was seen',
  );
  // The daemon's own environment has the proxy, and git is told of it the same way; no argument has.
  const withoutProxy = programs.map((line) => line.replaceAll(/"\w+_proxy=[^"]*"/gi, ''));
  for (const form of FORMS)
    for (const line of withoutProxy) assert.ok(!line.includes(form), `${form} in ${line.slice(0, 2000)}`);
});
