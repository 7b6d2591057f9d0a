/** The docker command line over TLS: everything that reads or writes a connection in a way of its own goes through. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { connect } from 'node:tls';
import { debianDocker, type Ran } from '../harness/docker.ts';
import { Authority, pemOf } from './authority.ts';
import { startSecured } from './secured.ts';

const secured = await startSecured({ after });

/** Runs it, expects that it succeeds, and gives what it printed. */
async function ok(argv: readonly string[], input?: string | Buffer): Promise<string> {
  const { code, stdout, stderr }: Ran = await secured.docker(argv, input === undefined ? {} : { input });
  assert.equal(code, 0, `docker ${argv.join(' ')}: ${code}\n${stdout}${stderr}`);
  return stdout;
}

const QUIET = ['--network', 'none'];
const tar = (directory: string): Buffer =>
  execFileSync('tar', ['-c', '-C', directory, '.'], { maxBuffer: 64 << 20 });

/** A directory with a file that is too large to come with a request's head. */
function large(name: string): { directory: string; bytes: Buffer } {
  const directory = join(secured.gantry.root, name);
  mkdirSync(directory, { recursive: true });
  const bytes = Buffer.alloc(4 << 20, `${name} of a directory that is copied\n`);
  writeFileSync(join(directory, 'large'), bytes);
  return { directory, bytes };
}

test('over TLS: what is written to run -i comes back, however it ends', async () => {
  assert.equal(await ok(['run', '--rm', '-i', ...QUIET, 'busybox', 'cat'], 'x\n'), 'x\n');
  const much = `${'much input and output, both ways at once\n'.repeat(40_000)}`;
  assert.equal(await ok(['run', '--rm', '-i', ...QUIET, 'busybox', 'cat'], much), much);
  assert.equal(
    await ok(['run', '--rm', '-i', ...QUIET, 'busybox', 'sh', '-c', 'cat | wc -c'], much),
    `${much.length}\n`,
  );
});

test('over TLS: attach with input, and exec with input', async () => {
  await ok(['create', '-i', '--name', 'listener', ...QUIET, 'busybox', 'cat']);
  assert.equal(await ok(['start', '-ai', 'listener'], 'to the first\n'), 'to the first\n');
  await ok(['run', '-d', '--name', 'busy', ...QUIET, 'busybox', 'sleep', '1000']);
  assert.equal(await ok(['exec', '-i', 'busy', 'cat'], 'to an exec\n'), 'to an exec\n');
  const failed = await secured.docker(['exec', 'busy', 'sh', '-c', 'echo out; echo err >&2; exit 3']);
  assert.deepEqual([failed.code, failed.stdout, failed.stderr], [3, 'out\n', 'err\n']);
  await ok(['rm', '-f', 'busy', 'listener']);
});

test('over TLS: attach to a container that runs already', async () => {
  await ok([
    'run',
    '-di',
    '--name',
    'running',
    ...QUIET,
    'busybox',
    'sh',
    '-c',
    'read a; echo heard $a; read b; echo then $b',
  ]);
  assert.equal(await ok(['attach', 'running'], 'one\ntwo\n'), 'heard one\nthen two\n');
  await ok(['rm', '-f', 'running']);
});

test('over TLS: copies into containers and out of them', async () => {
  const { directory, bytes } = large('in');
  await ok(['create', '--name', 'box', ...QUIET, 'busybox', 'true']);
  await ok(['cp', directory, 'box:/tmp/']);
  const out = join(secured.gantry.root, 'out');
  await ok(['cp', 'box:/tmp/in', out]);
  assert.ok(readFileSync(join(out, 'large')).equals(bytes));
  await ok(['cp', '-', 'box:/root'], tar(directory));
  const listed = execFileSync('tar', ['-x', '-O', '-f', '-', './large'], {
    input: (await secured.gantry.api('1.41').get('/containers/box/archive?path=/root/.')).bytes,
    maxBuffer: 64 << 20,
  });
  assert.ok(listed.equals(bytes));
  await ok(['rm', 'box']);
});

test('over TLS: an image that is saved can be loaded again, and a file system imported', async () => {
  const archive = join(secured.gantry.root, 'busybox.tar');
  await ok(['save', '-o', archive, 'busybox']);
  const id = await ok(['images', '-q', '--no-trunc', 'busybox']);
  await ok(['rmi', '-f', 'busybox']);
  await ok(['load', '-i', archive]);
  assert.equal(await ok(['images', '-q', '--no-trunc', 'busybox']), id);
  await ok(['import', '-', 'imported'], tar(large('imported').directory));
  assert.match(await ok(['history', 'imported']), /Imported from -/);
});

test('over TLS: a build, its context larger than what fits beside its head', async () => {
  const { directory } = large('context');
  writeFileSync(join(directory, 'Dockerfile'), 'FROM busybox\nCOPY large /\nRUN wc -c </large >/size\n');
  await ok(['build', '--network', 'none', '-t', 'built', directory]);
  assert.equal(await ok(['run', '--rm', ...QUIET, 'built', 'cat', '/size']), `${4 << 20}\n`);
});

test('over TLS: a build by buildx, which takes two connections over, and one by the client of 20.10', async () => {
  const directory = join(secured.gantry.root, 'built');
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'Dockerfile'), 'FROM busybox\nCOPY word /word\nRUN cat /word\n');
  writeFileSync(join(directory, 'word'), 'over TLS\n');
  for (const options of [
    { plugins: true },
    { cli: debianDocker(), env: { DOCKER_BUILDKIT: '1' } },
  ] as const) {
    const argv = ['build', '--network=none', '--no-cache', '--progress=plain', directory];
    const { code, stdout, stderr } = await secured.docker(argv, options);
    assert.equal(code, 0, stderr);
    assert.match(stdout + stderr, /over TLS/);
  }
});

test('over TLS: logs are followed to their end, and many of them come whole', async () => {
  await ok([
    'run',
    '-d',
    '--name',
    'talker',
    ...QUIET,
    'busybox',
    'sh',
    '-c',
    'seq 1 50000; sleep 1; echo end',
  ]);
  const said = await ok(['logs', '-f', 'talker']);
  assert.equal(said.split('\n').length, 50_002);
  assert.match(said, /\nend\n$/);
  await ok(['rm', '-f', 'talker']);
});

test('over TLS: events come while they happen', async () => {
  const events = secured.dockerProcess(['events', '--format', '{{.Action}}']);
  events.stdout?.setEncoding('utf8');
  await once(events, 'spawn');
  const heard = (async () => {
    let all = '';
    for await (const part of events.stdout ?? []) {
      all += part;
      if (all.includes('destroy')) break;
    }
    return all;
  })();
  // Whatever its first event is, the command line is connected by then.
  const again = setInterval(() => void secured.docker(['run', '--rm', ...QUIET, 'busybox', 'true']), 1000);
  try {
    assert.match(await heard, /create[\s\S]*start[\s\S]*destroy/);
  } finally {
    clearInterval(again);
    events.kill();
  }
});

test('SC-WEB-07: the command line is refused without a certificate, with another authority’s, and with an expired one', async () => {
  const { authority } = secured;
  const other = new Authority(join(secured.gantry.root, 'other'));
  const bad = {
    none: 'none',
    other: other.client(),
    expired: authority.client('expired', { days: -1 }),
    server: authority.client('served', { usage: 'serverAuth' }),
  } as const;
  for (const [which, pair] of Object.entries(bad)) {
    const { code, stdout } = await secured.docker(['ps', '-q'], { pair });
    assert.deepEqual([code, stdout], [1, ''], which);
  }
  assert.match(secured.gantry.log(), /CERT_HAS_EXPIRED/);
  const plain = await secured.gantry.docker(['-H', secured.host, 'ps']);
  assert.equal(plain.code, 1);
  await ok(['ps', '-q']);
});

test('SIGHUP: certificates that were replaced are served, and what is wrong keeps those before', async () => {
  const { authority, gantry, server } = secured;
  const served = async (): Promise<string> => {
    const socket = connect({
      port: secured.port,
      host: '127.0.0.1',
      ca: readFileSync(authority.ca),
      ...pemOf(authority.client()),
    });
    await once(socket, 'secureConnect');
    const { fingerprint256 } = socket.getPeerCertificate();
    socket.destroy();
    return fingerprint256;
  };
  const reloaded = async (pattern: RegExp): Promise<void> => {
    const from = gantry.log().length;
    process.kill(gantry.pid, 'SIGHUP');
    while (!pattern.test(gantry.log().slice(from))) await new Promise((resolve) => setTimeout(resolve, 10));
  };
  const first = await served();
  await ok([
    'run',
    '-di',
    '--name',
    'kept',
    ...QUIET,
    'busybox',
    'sh',
    '-c',
    'read a; echo $a; read b; echo $b',
  ]);
  const attached = secured.dockerProcess(['attach', 'kept']);
  attached.stdin?.write('before\n');
  const [before] = await once(attached.stdout ?? attached, 'data');
  assert.equal(String(before), 'before\n');
  const fresh = authority.server('fresh');
  copyFileSync(fresh.key, server.key);
  await reloaded(/"level":50[^\n]*is not the key of the certificate in[^\n]*the old certificates stay/);
  assert.equal(await served(), first);
  copyFileSync(fresh.cert, server.cert);
  await reloaded(/"level":30[^\n]*"changed":"certificates"/);
  assert.notEqual(await served(), first);
  attached.stdin?.end('after\n');
  const [after] = await once(attached.stdout ?? attached, 'data');
  assert.equal(String(after), 'after\n', 'the connection from before');
  await once(attached, 'exit');
  chmodSync(server.key, 0o644);
  await reloaded(/"mode":"0644"[^\n]*tls\.key-readable/);
  assert.equal(statSync(server.key).mode & 0o777, 0o644);
  chmodSync(server.key, 0o600);
  await ok(['rm', '-f', 'kept']);
});
