/** `docker -H ssh://…`: the command line's ssh helper, with an `ssh` that runs the remote command on this machine. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { debianDocker, machineDocker, runDocker } from '../harness/docker.ts';
import { startGantry } from '../harness/gantry.ts';

const gantry = await startGantry({ after });
const home = mkdtempSync(join(tmpdir(), 'gantry-ssh-'));
after(() => rmSync(home, { recursive: true }));

/** The other machine: gantry is there under the name of docker, and its users' environment names its socket. */
const remote = join(home, 'remote');
mkdirSync(remote);
symlinkSync(join(import.meta.dirname, '../../bin/gantry'), join(remote, 'docker'));
const local = join(home, 'local');
mkdirSync(local);
const calls = join(home, 'calls');
/** As sshd does: what follows the host is one text for a shell. */
const SSH = `#!/bin/sh
echo "$@" >>'${calls}'
while [ $# -gt 0 ]; do
  case $1 in
    --) shift; break ;;
    -l|-p|-o) shift 2 ;;
    -*) shift ;;
    *) break ;;
  esac
done
shift
[ "$1" != -- ] || shift
exec env PATH='${remote}':/usr/bin:/bin DOCKER_HOST='${gantry.host}' sh -c "$*"
`;
writeFileSync(join(local, 'ssh'), SSH);
chmodSync(join(local, 'ssh'), 0o755);

const clients = [...new Set([machineDocker(), debianDocker()])];
for (const cli of clients) {
  const docker = async (argv: readonly string[], input?: string, host = 'ssh://ann@engine.example:2222') => {
    const env = { PATH: `${local}:${process.env.PATH}`, DOCKER_BUILDKIT: '0' };
    const ran = await runDocker(host, home, argv, { cli, env, ...(input === undefined ? {} : { input }) });
    assert.equal(ran.code, 0, `docker ${argv.join(' ')}: ${ran.code}\n${ran.stdout}${ran.stderr}`);
    return ran.stdout;
  };
  const by = dirname(cli).includes('peers') ? 'by Debian’s command line' : 'by the machine’s command line';
  const none = ['--network', 'none'];

  test(`over ssh ${by}: lists, and the command that runs there`, async () => {
    const name = `there-${clients.indexOf(cli)}`;
    await docker(['create', '--name', name, ...none, 'busybox', 'true']);
    assert.match(await docker(['ps', '-a', '--format', '{{.Names}}']), new RegExp(`^${name}$`, 'm'));
    assert.match(readFileSync(calls, 'utf8'), /engine\.example.* docker system dial-stdio$/m);
    await docker(['rm', name]);
  });

  test(`over ssh ${by}: input and output of run -i, and the input's end`, async () => {
    assert.equal(await docker(['run', '--rm', '-i', ...none, 'busybox', 'cat'], 'x\n'), 'x\n');
    const much = 'much input and output, both ways at once\n'.repeat(40_000);
    assert.equal(await docker(['run', '--rm', '-i', ...none, 'busybox', 'cat'], much), much);
  });

  test(`over ssh ${by}: a build with a large context`, async () => {
    const context = join(home, 'context');
    mkdirSync(context, { recursive: true });
    writeFileSync(join(context, 'large'), Buffer.alloc(4 << 20, 'x'));
    writeFileSync(join(context, 'Dockerfile'), 'FROM busybox\nCOPY large /\nRUN wc -c </large >/size\n');
    await docker(['build', '--network', 'none', '-t', 'built', context]);
    assert.equal(await docker(['run', '--rm', ...none, 'built', 'cat', '/size']), `${4 << 20}\n`);
  });
}

test('over ssh: a path in the address is the socket there', async () => {
  const env = { PATH: `${local}:${process.env.PATH}` };
  const wrong = await runDocker('ssh://engine.example/nonexistent.sock', home, ['ps'], { env });
  assert.equal(wrong.code, 1);
  if (!readFileSync(calls, 'utf8').includes('/nonexistent.sock')) return; // this command line knows no paths
  assert.match(wrong.stderr, /no engine answers at unix:\/\/\/nonexistent\.sock/);
  const right = await runDocker(`ssh://engine.example${gantry.socket}`, home, ['ps', '-q'], { env });
  assert.deepEqual([right.code, right.stdout], [0, ''], right.stderr);
});
