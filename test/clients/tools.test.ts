/** Tools that people run beside an engine: their requests, and that the answers have what they read. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, before, beforeEach, test } from 'node:test';
import { removeContainers, removeNetworks, removeVolumes } from '../harness/dockerd.ts';
import { fileScope } from '../harness/file-scope.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { type Registry, startRegistry } from '../harness/registry.ts';
import { until } from '../harness/until.ts';
import { lazydocker } from './tools/lazydocker.ts';
import { portainer } from './tools/portainer.ts';
import { testcontainersJava } from './tools/testcontainers-java.ts';
import { play, type Seen, type Tool } from './tools/tool.ts';
import { traefik } from './tools/traefik.ts';
import { watchtower } from './tools/watchtower.ts';

let gantry: Gantry;
let registry: Registry;
let scene: Seen;
const scope = fileScope();

before(async () => {
  registry = await startRegistry(scope);
  gantry = await startGantry(scope);
  assert.equal((await gantry.api().post(`/images/busybox/tag?repo=${registry.host}/app&tag=1`)).status, 201);
  await gantry.dockerOk('push', `${registry.host}/app:1`);
});

/** A site: one container that serves, one that has ended, a network and a volume. */
beforeEach(async () => {
  await gantry.dockerOk('network', 'create', 'front');
  const web = await gantry.dockerOk(
    ...[
      'run',
      '-d',
      '--name',
      'web',
      '--network',
      'front',
      '--network-alias',
      'www',
      '-p',
      '80',
      '-v',
      'site:/www',
    ],
    ...['--label', 'com.docker.compose.project=shop', '--label', 'com.docker.compose.service=web'],
    ...['--health-cmd', 'true', '--health-interval', '1s', 'busybox', 'sleep', '1000'],
  );
  await gantry.dockerOk('run', '--name', 'done', 'busybox', 'true');
  scene = {
    web,
    done: 'done',
    network: 'front',
    volume: 'site',
    image: 'busybox',
    pulled: `${registry.host}/app`,
  };
});
afterEach(async () => {
  await removeContainers(gantry);
  await removeNetworks(gantry);
  await removeVolumes(gantry);
});

const TOOLS: readonly Tool[] = [
  traefik,
  watchtower,
  portainer,
  lazydocker,
  testcontainersJava('1.32'),
  testcontainersJava('1.44'),
];
for (const each of TOOLS)
  test(`${each.tool} is answered at ${each.api ?? 'no version'} with all that it reads`, () =>
    play(each, gantry.api(each.api), scene));

/** Dev Containers of VS Code speak by the command line. */
test('the calls of Dev Containers find, make, enter and leave a container', async (t) => {
  const workspace = mkdtempSync(join(tmpdir(), 'gantry-workspace-'));
  t.after(() => rmSync(workspace, { recursive: true, force: true }));
  const label = `devcontainer.local_folder=${workspace}`;
  const json = async (...argv: string[]) => JSON.parse(await gantry.dockerOk(...argv));
  assert.equal(await gantry.dockerOk('ps', '-q', '-a', '--filter', `label=${label}`), '');
  const [{ Config }] = await json('inspect', '--type', 'image', 'busybox');
  assert.deepEqual(Config.Cmd, ['sh']);
  await gantry.dockerOk('volume', 'create', '--label', 'vsch.local.repository.volume=1', 'vscode');
  assert.equal(
    await gantry.dockerOk('volume', 'ls', '-q', '--filter', 'label=vsch.local.repository.volume=1'),
    'vscode',
  );

  const events = gantry.dockerProcess(['events', '--format', '{{json .}}', '--filter', 'event=start']);
  let heard = '';
  events.stdout?.on('data', (bytes: Buffer) => {
    heard += bytes.toString();
  });
  t.after(() => events.kill());
  const script = 'echo Container started; trap "exit 0" 15; exec "$@"; while sleep 1 & wait $!; do :; done';
  const running = gantry.dockerProcess([
    ...['run', '--sig-proxy=false', '-a', 'STDOUT', '-a', 'STDERR', '--init'],
    ...['--mount', `type=bind,source=${workspace},target=/workspaces/app`],
    ...['--mount', 'type=volume,source=vscode,target=/vscode', '-l', label, '--entrypoint', '/bin/sh'],
    ...['busybox', '-c', script, '-', 'sleep', '1000'],
  ]);
  t.after(() => running.kill());
  const id = await until(() => gantry.dockerOk('ps', '-q', '--filter', `label=${label}`));
  await until(() => heard.includes(id));
  const event = JSON.parse(heard.split('\n').find((line) => line.includes(id)) ?? '');
  assert.deepEqual([event.status, event.Action, event.id], ['start', 'start', event.Actor.ID]);

  const [found] = await json('inspect', '--type', 'container', id);
  assert.equal(found.State.Status, 'running');
  assert.deepEqual(
    found.Mounts.map(({ Type, Destination }: Record<string, string>) => `${Type} ${Destination}`).sort(),
    ['bind /workspaces/app', 'volume /vscode'],
  );
  const { stdout } = await gantry.docker(
    ['exec', '-i', '-u', 'root', '-e', 'A=b', '-w', '/workspaces/app', id, '/bin/sh'],
    { input: 'echo "$A $PWD" && echo made >here; exit 3\n' },
  );
  assert.equal(stdout, 'b /workspaces/app\n');
  assert.equal(await gantry.dockerOk('exec', '-i', id, 'cat', 'workspaces/app/here'), 'made');
  await gantry.dockerOk('stop', '-t', '0', id);
  await gantry.dockerOk('rm', '-f', id);
});
