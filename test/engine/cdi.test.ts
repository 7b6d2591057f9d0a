/** Devices that files of the Container Device Interface describe. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { printed } from '../options/probe.ts';

const root = mkdtempSync(join(tmpdir(), 'gantry-cdi-'));
const [first, second] = [join(root, 'a'), join(root, 'b')];
const lent = join(root, 'lent');
const ends: (() => Promise<void>)[] = [];
let gantry: Gantry;

before(async () => {
  for (const directory of [first, second, lent]) mkdirSync(directory, { mode: 0o755 });
  writeFileSync(join(lent, 'driver'), 'of the host');
  const scope = { after: (end: () => Promise<void>) => void ends.push(end) };
  gantry = await startGantry(scope, { args: ['--cdi-spec-dir', first, '--cdi-spec-dir', second] });
});
after(async () => {
  for (const end of ends) await end();
  rmSync(root, { recursive: true });
});

const KIND = { cdiVersion: '0.6.0', kind: 'example.org/box' };

/** What a container with these devices prints, or why it does not start. */
async function run(devices: readonly string[], script: string, more: object = {}): Promise<string> {
  const api = gantry.api();
  const DeviceRequests = [{ Driver: 'cdi', DeviceIDs: devices, ...more }];
  const made = await api.post('/containers/create', {
    Image: 'busybox',
    Cmd: ['sh', '-c', script],
    Env: ['MODE=image'],
    HostConfig: { NetworkMode: 'none', DeviceRequests },
  });
  const { Id } = made.json<{ Id: string }>();
  try {
    const started = await api.post(`/containers/${Id}/start`);
    if (started.status !== 204) return `${started.status} ${started.json<{ message: string }>().message}`;
    await api.post(`/containers/${Id}/wait`);
    return await printed(gantry, Id);
  } finally {
    await api.delete(`/containers/${Id}?force=1`);
  }
}

test('a described device brings nodes with access, variables, mounts, groups and hooks', async () => {
  writeFileSync(
    join(first, 'box.json'),
    JSON.stringify({
      ...KIND,
      containerEdits: { env: ['ALL=yes'] },
      devices: [
        {
          name: 'one',
          containerEdits: {
            deviceNodes: [
              { path: '/dev/box/one', hostPath: '/dev/null', fileMode: 0o640, gid: 7 },
              { path: '/dev/numbered', type: 'c', major: 1, minor: 5, permissions: 'r' },
            ],
            env: ['MODE=driver'],
            mounts: [{ hostPath: lent, containerPath: '/usr/lib/box', options: ['ro', 'nosuid', 'bind'] }],
            additionalGids: [4321],
            hooks: [
              {
                hookName: 'createRuntime',
                path: '/bin/sh',
                args: ['sh', '-c', `cat >/dev/null; echo "$BOX" >>${lent}/hooked`],
                env: ['BOX=ran'],
              },
            ],
          },
        },
      ],
    }),
  );
  const said = await run(
    ['example.org/box=one'],
    [
      'echo x >/dev/box/one; stat -c "%F %t:%T %a %g" /dev/box/one',
      'head -c 1 /dev/numbered | wc -c',
      'echo $ALL $MODE; cat /usr/lib/box/driver; touch /usr/lib/box/x 2>/dev/null || echo " alone"',
      'id -G; cat /usr/lib/box/hooked',
    ].join('\n'),
  );
  assert.deepEqual(said.trim().split('\n'), [
    'character special file 1:3 640 7',
    '1',
    'yes driver',
    'of the host alone',
    '0 4321',
    'ran',
  ]);
});

test('YAML is read too, and of two directories the later decides', async () => {
  const spec = (value: string) =>
    [
      'cdiVersion: "0.5.0"',
      'kind: example.org/cup',
      'devices:',
      '- name: all',
      '  containerEdits:',
      '    env:',
      `    - CUP=${value}`,
    ].join('\n');
  writeFileSync(join(first, 'cup.yaml'), spec('first'));
  assert.equal(await run(['example.org/cup=all'], 'echo $CUP'), 'first\n');
  writeFileSync(join(second, 'cup.yml'), spec('second'));
  assert.equal(await run(['example.org/cup=all'], 'echo $CUP'), 'second\n');
});

test('info lists what is described', async () => {
  const { DiscoveredDevices } = (await gantry.api().get('/info')).json<{
    DiscoveredDevices: { Source: string; ID: string }[];
  }>();
  assert.ok(DiscoveredDevices.some(({ Source, ID }) => Source === 'cdi' && ID === 'example.org/cup=all'));
});

test('what is not described, or by others than root, is told', async () => {
  assert.match(
    await run(['example.org/nope=one', 'example.org/nope=two'], 'true'),
    /^400 CDI device injection failed: unresolvable CDI devices example.org\/nope=one, example.org\/nope=two/,
  );
  const open = join(first, 'open.json');
  writeFileSync(open, JSON.stringify({ ...KIND, kind: 'example.org/open', devices: [{ name: 'x' }] }));
  chmodSync(open, 0o666);
  assert.match(await run(['example.org/open=x'], 'true'), /open\.json: others than .* may write it/);
  chmodSync(open, 0o644);
  assert.equal(await run(['example.org/open=x'], 'echo there'), 'there\n');
  assert.match(await run(['example.org/open=x'], 'true', { Count: 1 }), /^400 unexpected count in CDI/);
  assert.match(
    await run([], 'true', { Driver: 'nvidia', Capabilities: [['gpu']] }),
    /^400 could not select device driver "nvidia" with capabilities: \[\[gpu\]\]$/,
  );
});

test('the command line asks for a described device by its name', async () => {
  const out = await gantry.dockerOk('run', '--rm', '--device', 'example.org/cup=all', 'busybox', 'env');
  assert.match(out, /^CUP=second$/m);
});
