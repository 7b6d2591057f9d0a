import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Conflict, InvalidArgument } from '../../../base/errors.ts';
import type { CreateRequest, HostConfig } from '../../../model/container.ts';
import { checkNetworkConflicts, settleHostConfig } from './host-config.ts';
import { mergeEnv, settle } from './settle.ts';
import { facts } from './test-facts.ts';

const id = 'abcdef0123456789'.repeat(4);
const settled = (request: Partial<CreateRequest>, image = {}) =>
  settle(id, { Image: 'x', ...request } as CreateRequest, image, facts);
const host = (asked: HostConfig) => settleHostConfig(asked, facts).hostConfig;

for (const [what, request, image, command] of [
  ['the image alone', {}, { Entrypoint: ['/e'], Cmd: ['c'] }, ['/e', 'c']],
  ['a command of its own', { Cmd: ['mine'] }, { Entrypoint: ['/e'], Cmd: ['c'] }, ['/e', 'mine']],
  [
    'an entry point of its own, which sets aside the image command',
    { Entrypoint: ['/mine'] },
    { Entrypoint: ['/e'], Cmd: ['c'] },
    ['/mine'],
  ],
  ['an emptied entry point', { Entrypoint: [''], Cmd: ['sh'] }, { Entrypoint: ['/e'], Cmd: ['c'] }, ['sh']],
] as const)
  test(`the command that runs comes from ${what}`, () => {
    const { path, args } = settled(request, image);
    assert.deepEqual([path, ...args], command);
  });

test('a container without any command is refused', () =>
  assert.throws(() => settled({}), { name: 'InvalidArgument', message: 'no command specified' }));

test('variables of the request win over those of the image', () => {
  assert.deepEqual(mergeEnv(['A=1', 'B'], ['A=0', 'B=2', 'C=3']), ['A=1', 'B', 'C=3']);
});

test('the hostname is the short id, the host’s with the host’s network, and none in another’s network', () => {
  const named = (NetworkMode: string) => settled({ Cmd: ['x'], HostConfig: { NetworkMode } }).config.Hostname;
  assert.equal(named('none'), 'abcdef012345');
  assert.equal(named('host'), 'host');
  assert.equal(named('container:other'), '');
});

for (const [asked, error] of [
  [{ Memory: 1 << 10 }, InvalidArgument],
  [{ Memory: 1 << 28, MemorySwap: 1 << 20 }, InvalidArgument],
  [{ MemorySwap: 1 << 28 }, InvalidArgument],
  [{ NanoCpus: 3e9 }, InvalidArgument],
  [{ NanoCpus: 1e9, CpuQuota: 5000 }, InvalidArgument],
  [{ CpusetCpus: '0-7' }, InvalidArgument],
  [{ CpusetCpus: '1-0' }, InvalidArgument],
  [{ MemorySwappiness: 101 }, InvalidArgument],
  [{ NetworkMode: 'container:' }, InvalidArgument],
  [{ IpcMode: 'odd' }, InvalidArgument],
  [{ Runtime: 'kata' }, InvalidArgument],
  [{ RestartPolicy: { Name: 'sometimes' } }, InvalidArgument],
  [{ RestartPolicy: { Name: 'always', MaximumRetryCount: 2 } }, InvalidArgument],
  [{ RestartPolicy: { Name: 'always' }, AutoRemove: true }, InvalidArgument],
  [{ CapAdd: ['NOT_A_CAP'] }, InvalidArgument],
  [{ LogConfig: { Type: 'fluentd' } }, InvalidArgument],
  [{ ShmSize: -1 }, InvalidArgument],
  [{ CpuShares: -1 }, InvalidArgument],
  [{ CpusetMems: '1' }, InvalidArgument],
  [{ CpusetCpus: '0-99999' }, InvalidArgument],
  [{ BlkioWeight: 9 }, InvalidArgument],
  [{ IOMaximumIOps: 1 }, InvalidArgument],
  [{ CpuRealtimePeriod: 10, CpuRealtimeRuntime: 11 }, InvalidArgument],
  [{ OomScoreAdj: 1001 }, InvalidArgument],
  [{ DeviceCgroupRules: ['c 1:3'] }, InvalidArgument],
  [
    { Devices: [{ PathOnHost: '/dev/null', PathInContainer: '/../x', CgroupPermissions: 'r' }] },
    InvalidArgument,
  ],
  [
    { Devices: [{ PathOnHost: '/dev/null', PathInContainer: '/x', CgroupPermissions: 'z' }] },
    InvalidArgument,
  ],
  [{ MaskedPaths: ['proc/x'] }, InvalidArgument],
  [{ Ulimits: [{ Name: 'beer', Soft: 1, Hard: 2 }] }, InvalidArgument],
  [{ SecurityOpt: ['systempaths=unconfined'] }, InvalidArgument],
  [{ Sysctls: { 'kernel.panic': '1' } }, InvalidArgument],
  [{ Sysctls: { 'kernel/../../x': '1' } }, InvalidArgument],
  [{ Sysctls: { 'kernel.hostname': 'x' } }, InvalidArgument],
  [{ Sysctls: { 'net.core.somaxconn': '1' }, NetworkMode: 'host' }, InvalidArgument],
  [{ Sysctls: { 'kernel.msgmax': '1' }, IpcMode: 'host' }, InvalidArgument],
  [{ CgroupParent: '/a/../b' }, InvalidArgument],
  [{ CgroupParent: 'a\nb' }, InvalidArgument],
  [{ CgroupParent: 'x'.repeat(300) }, InvalidArgument],
  [{ Annotations: { '': 'x' } }, InvalidArgument],
  [{ Annotations: { 'run.oci.seccomp_bpf_data': 'AAAA' } }, InvalidArgument],
] as const)
  test(`a host configuration ${JSON.stringify(asked)} is refused`, () =>
    assert.throws(() => host(asked as HostConfig), error));

test('what has the host’s processes, its memory or all rights is told to have no labels, unless labels are asked for', () => {
  const told = (asked: HostConfig) => host(asked).SecurityOpt;
  assert.deepEqual(told({ Privileged: true }), ['label=disable']);
  assert.deepEqual(told({ PidMode: 'host', SecurityOpt: ['no-new-privileges'] }), [
    'no-new-privileges',
    'label=disable',
  ]);
  assert.deepEqual(told({ IpcMode: 'host', SecurityOpt: ['label=type:mine'] }), ['label=type:mine']);
  assert.equal(told({ NetworkMode: 'host', UTSMode: 'host' }), undefined);
});

test('memory without a word on swap gets as much swap again, and no swap accounting is said', () => {
  assert.equal(host({ Memory: 1 << 28 }).MemorySwap, 1 << 29);
  const { hostConfig, warnings } = settleHostConfig(
    { Memory: 1 << 28, MemorySwap: 1 << 29 },
    { ...facts, limits: { ...facts.limits, swap: false } },
  );
  assert.equal(hostConfig.MemorySwap, -1);
  assert.match(warnings[0] ?? '', /does not support swap limit/);
});

test('the default network is the bridge, or none where the engine has no bridge', () => {
  assert.equal(host({}).NetworkMode, 'bridge');
  assert.equal(settleHostConfig({}, { ...facts, bridge: false }).hostConfig.NetworkMode, 'none');
});

test('what a request exposes is a port of TCP unless it says otherwise, and a row of ports is each of them', () => {
  const exposed = (...ports: string[]) => {
    const { config } = settled({
      Cmd: ['c'],
      ExposedPorts: Object.fromEntries(ports.map((port) => [port, {}])),
    });
    return Object.keys(config.ExposedPorts ?? {});
  };
  assert.deepEqual(exposed('80', '91-92', '53-54/udp'), ['80/tcp', '91/tcp', '92/tcp', '53/udp', '54/udp']);
  for (const wrong of ['92-91', '1-70000', '1-2-3', '80/icmp'])
    assert.throws(() => exposed(wrong), { kind: 'invalid', message: /invalid port specification/ });
  assert.throws(() => exposed('0-65535', '1-65535', '2-65535', '3-65535'), { kind: 'invalid' });
});

const NOTHING_SAID = { hostname: false, macAddress: false, ports: false, exposed: false };
for (const [host, said] of [
  [{}, { hostname: true }],
  [{}, { macAddress: true }],
  [{}, { ports: true }],
  [{}, { exposed: true }],
  [{ PublishAllPorts: true }, {}],
  [{ Dns: ['1.2.3.4'] }, {}],
  [{ ExtraHosts: ['a:1.2.3.4'] }, {}],
] as const)
  test(`${JSON.stringify({ ...host, ...said })} contradicts another container’s network, and no network of its own`, () => {
    const check = (NetworkMode: string) =>
      checkNetworkConflicts({ ...host, NetworkMode }, { ...NOTHING_SAID, ...said });
    assert.throws(() => check('container:a'), Conflict);
    check('bridge');
  });

const IMAGE = { Entrypoint: ['/e', 'word'], Cmd: ['c'] };
for (const [what, request, command, shown] of [
  ['absent', {}, ['/e', 'word', 'c'], ['/e', 'word']],
  ['an empty list', { Entrypoint: [] }, ['c'], []],
  ['an empty list with a command', { Entrypoint: [], Cmd: ['mine'] }, ['mine'], []],
  ['an empty list with an empty command', { Entrypoint: [], Cmd: [] }, ['c'], []],
  ['an empty word with a command', { Entrypoint: [''], Cmd: ['mine'] }, ['mine'], undefined],
  ['a word', { Entrypoint: ['/mine'], Cmd: [] }, ['/mine'], ['/mine']],
] as const)
  test(`an entry point that is ${what} is told from what the image says`, () => {
    const { path, args, config } = settled(request, IMAGE);
    assert.deepEqual([path, ...args], command);
    assert.deepEqual(config.Entrypoint, shown);
  });

test('an empty word for entry point without a command leaves nothing to run', () =>
  assert.throws(() => settled({ Entrypoint: [''] }, IMAGE), { message: 'no command specified' }));

test('whether the OOM killer is off is told where the kernel can say it, as dockerd does', () => {
  assert.deepEqual([host({}).OomKillDisable, host({ OomKillDisable: true }).OomKillDisable], [false, true]);
  const without = { ...facts, limits: { ...facts.limits, oomKillDisable: false } };
  assert.equal(settleHostConfig({ OomKillDisable: false }, without).hostConfig.OomKillDisable, undefined);
});
