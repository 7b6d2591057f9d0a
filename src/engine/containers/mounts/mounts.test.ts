import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidArgument } from '../../../base/errors.ts';
import type { HostConfig } from '../../../model/container.ts';
import type { ContainerMount } from '../record.ts';
import { destinationOf, type MountFacts, planMounts, type WantedMount } from './mounts.ts';

const facts: MountFacts = {
  declared: [],
  mountsOf: (name) => {
    throw new InvalidArgument(`No such container: ${name}`);
  },
  roots: ['/var/lib/gantry', '/run/gantry'],
  readOnlyIsFlat: false,
  canReadOnlyRecursively: true,
};
const plan = (host: HostConfig, more: Partial<MountFacts> = {}) => planMounts(host, { ...facts, ...more });
const only = (host: HostConfig, more: Partial<MountFacts> = {}): WantedMount => {
  const [wanted] = plan(host, more).wanted;
  assert.ok(wanted);
  return wanted;
};
function ready(wanted: WantedMount): ContainerMount {
  assert.ok(wanted.is === 'ready');
  return wanted.mount;
}
function volume(wanted: WantedMount): Extract<WantedMount, { is: 'volume' }> {
  assert.ok(wanted.is === 'volume');
  return wanted;
}

test('a bind has a clean source and destination, its mode and its propagation', () => {
  const { point, options } = ready(only({ Binds: ['/a/../b/:/data/:ro,rslave'] }));
  assert.deepEqual(
    [point.Source, point.Destination, point.RW, point.Propagation, point.Mode],
    ['/b', '/data', false, 'rslave', 'ro,rslave'],
  );
  assert.deepEqual(options, ['rbind', 'rslave', 'ro', 'rro']);
});

test('a name is a volume, and a destination alone one without a name', () => {
  const named = volume(only({ Binds: ['data:/x:ro,nocopy'] }));
  assert.deepEqual(
    [named.ask.name, named.mode, named.readOnly, named.copy, named.anonymous],
    ['data', 'ro,nocopy', true, false, false],
  );
  assert.equal(volume(only({ Binds: ['data:/x'] })).mode, 'z');
  const unnamed = volume(only({ Binds: ['/x'] }));
  assert.deepEqual([unnamed.ask.name, unnamed.destination, unnamed.anonymous], [undefined, '/x', true]);
});

for (const [spec, why] of [
  ['/a:', /invalid volume specification/],
  [':/a', /invalid volume specification/],
  ['/a:b', /mount path must be absolute/],
  ['/a:/', /destination can't be '\/'/],
  ['/a:/..', /destination can't be '\/'/],
  ['data:/../..', /destination can't be '\/'/],
  ['data:x', /invalid mount config for type "volume": invalid mount path: 'x'/],
  ['/a:/b:rx', /invalid mode: rx/],
  ['/a:/b:ro,rw', /invalid mode: ro,rw/],
  ['/a:/b:z,Z', /invalid mode: z,Z/],
  ['/a:/b:shared,slave', /invalid mode/],
  ['/a:/b:rw,exec,suid,bind=/', /invalid mode/],
  ['/a:/b:ro:x', /invalid volume specification/],
  ['/foo:ro', /invalid volume specification: '\/foo:ro'$/],
  ['data:/x:rslave', /field BindOptions must not be specified/],
  ['/a:/proc/1', /cannot be mounted because it is inside \/proc/],
  ['/a:/x/../proc/sys', /inside \/proc/],
  ['/a:/proc', /inside \/proc/],
  ['/a:/b\0c', /invalid volume specification/],
  ['', /invalid volume specification/],
] as const)
  test(`a bind ${JSON.stringify(spec)} is refused`, () => {
    assert.throws(
      () => plan({ Binds: [spec] }),
      (error) => {
        assert.ok(error instanceof InvalidArgument);
        assert.match(error.message, why);
        return true;
      },
    );
  });

test('what may cover files of /proc is let through, and /proc on itself', () => {
  assert.equal(plan({ Binds: ['/proc:/proc', '/a:/proc/cpuinfo', '/b:/proc/uptime:ro'] }).wanted.length, 3);
});

test('two mounts on one place are refused, whichever way they were said', () => {
  const bind = { Type: 'bind', Source: '/a', Target: '/x', BindOptions: { CreateMountpoint: true } };
  for (const host of [
    { Binds: ['/a:/x', '/b:/x/'] },
    { Binds: ['/a:/x'], Mounts: [bind] },
    { Mounts: [bind, { Type: 'tmpfs', Target: '/x/.' }] },
    { Binds: ['/x'], Tmpfs: { '/x': '' } },
  ])
    assert.throws(() => plan(host), /Duplicate mount point: \/x/);
});

test('a parent is mounted before what lies in it', () => {
  const { wanted } = plan(
    { Binds: ['/a:/x/y', '/b:/x'], Tmpfs: { '/x/y/z': '' } },
    { declared: ['/x/y/z/v'] },
  );
  assert.deepEqual(wanted.map(destinationOf), ['/x', '/x/y', '/x/y/z', '/x/y/z/v']);
});

test('declared volumes give way to whatever else is mounted in their place', () => {
  const declared = ['/bound', '/kept/', '/tmp', 'relative', '/../../up'];
  const { wanted } = plan({ Binds: ['/a:/bound'], Tmpfs: { '/tmp': '' } }, { declared });
  assert.deepEqual(wanted.map((each) => [destinationOf(each), each.is]).sort(), [
    ['/bound', 'ready'],
    ['/kept', 'volume'],
    ['/relative', 'volume'],
    ['/tmp', 'ready'],
    ['/up', 'volume'],
  ]);
  assert.throws(() => plan({}, { declared: ['/'] }), /destination can't be/);
  assert.throws(() => plan({}, { declared: ['/proc/x'] }), /inside \/proc/);
});

const others: readonly ContainerMount[] = [
  ready(only({ Binds: ['/host:/bind:ro,Z'] })),
  {
    point: {
      ...ready(only({ Binds: ['/h:/vol'] })).point,
      Type: 'volume',
      Name: 'data',
      Source: '/d',
      Mode: 'z',
    },
    options: ['rbind'],
    anonymous: true,
    subpath: 'part',
  },
  ready(only({ Tmpfs: { '/tmp': '' } })),
];
const from = (spec: string, host: HostConfig = {}) =>
  plan({ VolumesFrom: [spec], ...host }, { mountsOf: () => others }).wanted;

test("another container's mounts come without its modes, and never with more rights", () => {
  for (const spec of ['other', 'other:rw', 'other:', 'other:z']) {
    const [bind, data, ...rest] = from(spec);
    assert.equal(rest.length, 0, 'a tmpfs is its container’s own');
    assert.ok(bind && data);
    const { point, options } = ready(bind);
    assert.deepEqual([point.RW, point.Mode, point.Source], [false, '', '/host']);
    assert.ok(options.includes('ro'));
    const { ask, readOnly, copy, anonymous, subpath } = volume(data);
    assert.deepEqual(
      [ask, readOnly, copy, anonymous, subpath],
      [{ name: 'data', existing: true }, false, false, true, 'part'],
    );
  }
  const [, data] = from('other:ro');
  assert.ok(data && volume(data).readOnly);
});

test("own mounts replace another container's", () => {
  const wanted = from('other', { Binds: ['/mine:/vol'] });
  assert.equal(wanted.filter((each) => destinationOf(each) === '/vol' && each.is === 'ready').length, 1);
});

for (const [spec, why] of [
  ['', /cannot be an empty string/],
  ['nobody', /No such container: nobody/],
  ['other:odd', /^invalid mode: odd$/],
  ['other:ro,nocopy', /^invalid mode: ro,nocopy$/],
  ['other:rslave', /^invalid mode: rslave$/],
  ['other:ro,rw', /^invalid mode: ro,rw$/],
] as const)
  test(`volumes from ${JSON.stringify(spec)} are refused`, () => {
    const mountsOf = (name: string) => (name === 'other' ? others : facts.mountsOf(name));
    assert.throws(() => plan({ VolumesFrom: [spec] }, { mountsOf }), {
      name: 'InvalidArgument',
      message: why,
    });
  });

test('a mount of type volume carries driver, options, labels and part', () => {
  const wanted = volume(
    only({
      Mounts: [
        {
          Type: 'volume',
          Source: 'data',
          Target: '/x',
          ReadOnly: true,
          VolumeOptions: {
            NoCopy: true,
            Labels: { a: 'b' },
            Subpath: 'a/../b',
            DriverConfig: { Name: 'local', Options: { type: 'tmpfs', device: 'tmpfs' } },
          },
        },
      ],
    }),
  );
  assert.deepEqual(wanted.ask, {
    name: 'data',
    driver: 'local',
    options: { type: 'tmpfs', device: 'tmpfs' },
    labels: { a: 'b' },
  });
  assert.deepEqual([wanted.readOnly, wanted.copy, wanted.subpath, wanted.mode], [true, false, 'b', 'z']);
});

for (const [mount, why] of [
  [
    { Type: 'volume', Target: '/x', ReadOnly: true },
    /must not set ReadOnly mode when using anonymous volumes/,
  ],
  [{ Type: 'volume', Target: '/x', VolumeOptions: { Subpath: 'a' } }, /must not set Subpath/],
  [{ Type: 'volume', Source: 'v1', Target: '/x', VolumeOptions: { Subpath: '../a' } }, /subpath must be/],
  [{ Type: 'volume', Source: 'v1', Target: '/x', VolumeOptions: { Subpath: '/a' } }, /subpath must be/],
  [{ Type: 'volume', Source: 'v1', Target: '/x', VolumeOptions: { Subpath: 'a/../..' } }, /subpath must be/],
  [
    { Type: 'volume', Source: 'v1', Target: '/x', BindOptions: {} },
    /BindOptions must not be specified on mount type "volume"/,
  ],
  [
    { Type: 'bind', Source: '/a', Target: '/x', ImageOptions: {} },
    /invalid mount config for type "bind": field ImageOptions must not be specified/,
  ],
  [{ Type: 'npipe', Source: 'c', Target: '/x' }, /mount type unknown/],
  [{ Type: 'tmpfs', Target: '/x', TmpfsOptions: { SizeBytes: -1 } }, /SizeBytes must not be negative/],
  [{ Type: 'volume', Source: 'v1' }, /field Target must not be empty/],
  [{ Type: 'volume', Source: 'v1', Target: 'x' }, /mount path must be absolute/],
  [{ Type: 'image', Target: '/x' }, /field Source must not be empty/],
  [
    { Type: 'image', Source: 'i', Target: '/x', VolumeOptions: {} },
    /VolumeOptions must not be specified on mount type "image"/,
  ],
  [{ Type: 'cluster', Source: 'c', Target: '/x' }, /mount type unknown/],
  [{ Type: 'constructor', Source: 'c', Target: '/x' }, /mount type unknown/],
  [{ Type: 'tmpfs', Source: 'c', Target: '/x' }, /field Source must not be specified/],
  [{ Type: 'tmpfs', Target: '/x', TmpfsOptions: { Options: [['suid']] } }, /invalid option: suid/],
  [
    { Type: 'bind', Source: '/a', Target: '/x', BindOptions: { Propagation: 'odd' } },
    /invalid propagation mode: odd/,
  ],
  [{ Type: 'bind', Source: '/a', Target: '/x', BindOptions: { ReadOnlyNonRecursive: true } }, /!ReadOnly/],
  [{ Type: 'bind', Source: '/a', Target: '/x', BindOptions: { ReadOnlyForceRecursive: true } }, /!ReadOnly/],
] as const)
  test(`a mount ${JSON.stringify(mount)} is refused`, () => {
    assert.throws(() => plan({ Mounts: [mount] }), { name: 'InvalidArgument', message: why });
  });

test('read-only holds for what is mounted below, unless said otherwise or said before 1.44', () => {
  const bind = (BindOptions: object) =>
    ({ Type: 'bind', Source: '/a', Target: '/x', ReadOnly: true, BindOptions }) as const;
  const options = (host: HostConfig, more = {}) => ready(only(host, more)).options;
  assert.ok(options({ Mounts: [bind({})] }).includes('rro'));
  assert.ok(!options({ Mounts: [bind({ ReadOnlyNonRecursive: true })] }).includes('rro'));
  assert.ok(!options({ Mounts: [bind({})] }, { readOnlyIsFlat: true }).includes('rro'));
  assert.ok(!options({ Binds: ['/a:/x:ro'] }, { readOnlyIsFlat: true }).includes('rro'));
  assert.throws(
    () => plan({ Mounts: [bind({ ReadOnlyForceRecursive: true })] }, { canReadOnlyRecursively: false }),
    /need Linux 5\.12/,
  );
});

test("what shows the engine's own directories lets their mounts go", () => {
  const propagation = (spec: string) => ready(only({ Binds: [spec] })).point.Propagation;
  assert.equal(propagation('/:/host'), 'rslave');
  assert.equal(propagation('/var/lib:/x'), 'rslave');
  assert.equal(propagation('/var/lib/gantry/volumes:/x:rshared'), 'rshared');
  assert.equal(propagation('/var/lib/gantry2:/x'), 'rprivate');
  assert.throws(() => plan({ Binds: ['/var/lib:/x:private'] }), /must use either propagation mode/);
});

test('SC-DOS-14: more mounts than any container needs are refused before one of them is looked at', () => {
  const binds = (count: number) => ({ Binds: Array.from({ length: count }, (_, i) => `/a:/b${i}`) });
  assert.equal(plan(binds(4096)).wanted.length, 4096);
  for (const host of [
    binds(4097),
    { Tmpfs: { '/t': '' }, ...binds(4096) },
    { VolumesFrom: Array(5000).fill('a') },
  ])
    assert.throws(() => plan(host), { name: 'InvalidArgument', message: 'more than 4096 mounts' });
});
