/** 200 random create requests, sound and unsound: no crash, nothing left of what is refused, all the same after kill −9. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { tracesOf } from './probe.ts';

const RUNS = 200;

let gantry: Gantry;
const ends: (() => Promise<void>)[] = [];
before(async () => {
  gantry = await startGantry({ after: (end) => void ends.push(end) });
});
after(() => Promise.all(ends.map((end) => end())));

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', 'a', 'container:x', '/x', 'none'),
);
const texts = fc.array(text, { maxLength: 3 });
const textMap = fc.dictionary(text, text, { maxKeys: 3 });
const number = fc.oneof(
  fc.integer(),
  fc.constantFrom(0, -1, 1, 10, 1000, 50_000, 64 << 20, 128 << 20, 2 ** 53 - 1),
);
const flag = fc.boolean();

/** Members as the API documents them, each with what is plausible and what is not. */
const sound = {
  Memory: fc.constantFrom(0, 64 << 20, 512 << 20),
  CpuShares: fc.integer({ min: 0, max: 1024 }),
  CpuPeriod: fc.constantFrom(0, 1000, 100_000),
  CpusetCpus: fc.constantFrom('', '0'),
  PidsLimit: fc.integer({ min: -1, max: 100 }),
  OomScoreAdj: fc.integer({ min: -1000, max: 1000 }),
  ShmSize: fc.constantFrom(0, 1 << 20),
  IpcMode: fc.constantFrom('', 'private', 'shareable', 'host', 'none'),
  PidMode: fc.constantFrom('', 'host'),
  UTSMode: fc.constantFrom('', 'host'),
  NetworkMode: fc.constantFrom('none', 'host', 'bridge', 'default', ''),
  CgroupnsMode: fc.constantFrom('', 'private', 'host'),
  CapAdd: fc.subarray(['CHOWN', 'net_admin', 'ALL', 'CAP_KILL']),
  CapDrop: fc.subarray(['CHOWN', 'ALL']),
  SecurityOpt: fc.subarray([
    'no-new-privileges',
    'seccomp=unconfined',
    'label=disable',
    'apparmor=unconfined',
  ]),
  Privileged: flag,
  ReadonlyRootfs: flag,
  Init: flag,
  Tmpfs: fc.constantFrom({}, { '/t': '' }, { '/t': 'size=1m,mode=700' }),
  RestartPolicy: fc.record({ Name: fc.constantFrom('', 'no', 'always', 'unless-stopped') }),
  LogConfig: fc.record({ Type: fc.constantFrom('', 'local', 'json-file', 'none') }),
  Sysctls: fc.constantFrom({}, { 'kernel.msgmax': '1' }),
  Ulimits: fc.constantFrom([], [{ Name: 'nofile', Soft: 1, Hard: 2 }]),
  Annotations: fc.dictionary(fc.string({ minLength: 1 }), text, { maxKeys: 2 }),
  Devices: fc.constantFrom(
    [],
    [{ PathOnHost: '/dev/null', PathInContainer: '/dev/x', CgroupPermissions: 'r' }],
  ),
  CgroupParent: fc.constantFrom('', '/a/b'),
  ConsoleSize: fc.tuple(fc.nat(100), fc.nat(100)),
} as const;
const unsound = {
  ...{ Memory: number, MemorySwap: number, MemoryReservation: number, MemorySwappiness: number },
  ...{ NanoCpus: number, CpuShares: number, CpuPeriod: number, CpuQuota: number, PidsLimit: number },
  ...{ CpuRealtimePeriod: number, BlkioWeight: number, OomScoreAdj: number, ShmSize: number },
  ...{ CpusetCpus: text, CpusetMems: text, IpcMode: text, PidMode: text, UTSMode: text, UsernsMode: text },
  ...{ NetworkMode: text, CgroupnsMode: text, CgroupParent: text, Runtime: text, Isolation: text },
  ...{ Binds: texts, Dns: texts, DnsSearch: texts, DnsOptions: texts, ExtraHosts: texts, GroupAdd: texts },
  ...{ CapAdd: texts, CapDrop: texts, SecurityOpt: texts, DeviceCgroupRules: texts, Links: texts },
  ...{ VolumesFrom: texts, MaskedPaths: texts, ReadonlyPaths: texts },
  ...{ Sysctls: textMap, Tmpfs: textMap, StorageOpt: textMap, Annotations: textMap },
  RestartPolicy: fc.record({ Name: text, MaximumRetryCount: number }),
  LogConfig: fc.record({ Type: text, Config: textMap }),
  Ulimits: fc.array(fc.record({ Name: text, Soft: number, Hard: number }), { maxLength: 2 }),
  Devices: fc.array(fc.record({ PathOnHost: text, PathInContainer: text, CgroupPermissions: text }), {
    maxLength: 2,
  }),
  Mounts: fc.array(fc.record({ Type: text, Source: text, Target: text, ReadOnly: flag }), { maxLength: 2 }),
  PortBindings: fc.dictionary(text, fc.array(fc.record({ HostIp: text, HostPort: text })), { maxKeys: 2 }),
} as const;

/** Up to six members of these. */
const some = (members: Readonly<Record<string, fc.Arbitrary<unknown>>>) =>
  fc
    .subarray(Object.keys(members), { maxLength: 6 })
    .chain((names) =>
      fc.record(Object.fromEntries(names.map((name) => [name, members[name] ?? fc.anything()]))),
    );

const config = {
  Cmd: fc.constantFrom(['true'], ['sh', '-c', 'exit 3'], 'a word'),
  Env: fc.oneof(fc.constant(['A=1']), texts),
  User: fc.oneof(fc.constant('1:1'), text),
  Hostname: fc.oneof(fc.constant('h'), text),
  WorkingDir: fc.oneof(fc.constant('/w'), text),
  Labels: textMap,
  StopSignal: fc.oneof(fc.constant('SIGTERM'), text),
  Volumes: fc.constantFrom({}, { '/v': {} }),
  ExposedPorts: fc.constantFrom({}, { '80/tcp': {} }, { 'x/y': {} }),
  Tty: flag,
  OpenStdin: flag,
};

const request = fc
  .record({
    own: some(config),
    host: fc.oneof(
      { arbitrary: some(sound), weight: 2 },
      { arbitrary: some(unsound), weight: 1 },
      { arbitrary: some({ ...sound, Garbage: fc.jsonValue() }), weight: 1 },
    ),
    wrong: fc.option(
      fc.record({ name: fc.constantFrom('Memory', 'Binds', 'Init', 'Tmpfs'), value: fc.jsonValue() }),
    ),
  })
  .map(({ own, host, wrong }) => ({
    Image: 'busybox',
    Cmd: ['true'],
    ...own,
    HostConfig: { ...host, ...(wrong ? { [wrong.name]: wrong.value } : {}) },
  }));

async function inspected(ids: readonly string[]): Promise<unknown[]> {
  const all = ids.map(async (id) => (await gantry.api().get(`/containers/${id}/json?size=0`)).json());
  return await Promise.all(all);
}

test(`${RUNS} random requests crash nothing and leave nothing half made, and what they make outlives the daemon`, async () => {
  const made: string[] = [];
  const seed = Math.floor(Math.random() * 2 ** 31);
  await fc.assert(
    fc.asyncProperty(request, async (body) => {
      const before = tracesOf(gantry);
      const answer = await gantry.api().post('/containers/create', body);
      assert.ok([201, 400, 404, 409, 501].includes(answer.status), `${answer.status} ${answer.text}`);
      if (answer.status === 201) made.push(answer.json<{ Id: string }>().Id);
      else assert.deepEqual(tracesOf(gantry), before, answer.text);
    }),
    { numRuns: RUNS, seed, endOnFailure: true },
  );
  // A sixth or so, as chance has it.
  assert.ok(made.length > 0 && made.length < RUNS, `${made.length} of ${RUNS} were made, seed ${seed}`);
  const listed = (await gantry.api().get('/containers/json?all=1')).json<{ Id: string }[]>();
  assert.deepEqual(listed.map(({ Id }) => Id).sort(), [...made].sort());
  const [shown, onDisk] = [await inspected(made), tracesOf(gantry)];
  await gantry.kill9();
  await gantry.start();
  assert.deepEqual(await inspected(made), shown);
  assert.deepEqual(tracesOf(gantry), onDisk);
});
