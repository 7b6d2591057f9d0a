/** What a plain container is given (SC-DEF): read from inside, at its start, in an exec, and after restarts. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { readCgroupHost } from '../../src/runtime/index.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { loadArchive, loadLayered } from '../harness/layered.ts';
import { CONTROL, FORBIDDEN, FORBIDDEN_X86, syscallProgram } from '../harness/syscall-program.ts';
import { printed } from '../options/probe.ts';
import { callsArchive, IMAGE, ownKeyring } from './defaults/calls.ts';
import { execInside, runInside } from './inside.ts';

let gantry: Gantry;
const ends: (() => Promise<void>)[] = [];
before(async () => {
  gantry = await startGantry({ after: (end) => void ends.push(end) });
});
after(() => Promise.all(ends.map((end) => end())));

/** The fourteen of Docker's documentation, as the kernel's bits. */
const DEFAULT_CAPABILITIES = '00000000a80425fb';
const NONE = '0000000000000000';

/** Each fact: how it is looked at from inside, and what must be seen. */
const facts: readonly (readonly [name: string, see: string, holds: RegExp])[] = [
  [
    'DEF-01: capabilities: bounding the fourteen; inheritable and ambient empty',
    'grep -E "^Cap(Inh|Bnd|Amb)" /proc/self/status',
    new RegExp(`^CapInh:\\t${NONE}\nCapBnd:\\t${DEFAULT_CAPABILITIES}\nCapAmb:\\t${NONE}$`),
  ],
  ['DEF-02: a filter of system calls', 'grep ^Seccomp: /proc/self/status', /^Seccomp:\t2$/],
  [
    'DEF-03: masked paths are empty',
    `for f in acpi asound interrupts kcore keys latency_stats sched_debug scsi timer_list timer_stats; do
       p=/proc/$f; [ -d $p ] && ls -A $p | grep -q . && echo $p; [ -f $p ] && head -c 1 $p | grep -q . && echo $p; done
     for p in /sys/firmware /sys/devices/virtual/powercap; do [ -d $p ] && ls -A $p | grep -q . && echo $p; done
     cat /sys/devices/system/cpu/cpu*/thermal_throttle/* 2>/dev/null; echo end`,
    /^end$/,
  ],
  [
    'DEF-04: the kernel’s settings are read-only',
    `for f in /proc/sys/kernel/hostname /proc/sysrq-trigger /proc/irq/default_smp_affinity /proc/bus/x /proc/fs/x /sys/x /sys/kernel/x /sys/fs/cgroup/x; do
       (echo x >$f) 2>/dev/null && echo $f; done; echo end`,
    /^end$/,
  ],
  ['DEF-05: set-id programs work', 'grep ^NoNewPrivs /proc/self/status', /^NoNewPrivs:\t0$/],
  [
    'DEF-07: devices: those of every container, and no others',
    'ls /dev | grep -vx -e console -e tty | tr "\\n" " "',
    /^core fd full mqueue null ptmx pts random shm stderr stdin stdout urandom zero ?$/,
  ],
  [
    'DEF-08: nothing of the cgroup tree can be written',
    'find /sys/fs/cgroup -name release_agent | grep .; for d in /sys/fs/cgroup /sys/fs/cgroup/*/; do mkdir $d/x 2>/dev/null && echo $d; done; echo end',
    /^end$/,
  ],
  [
    'DEF-10: no mount inside reaches the host, and none of the host’s is seen',
    `grep -c shared: /proc/self/mountinfo; grep -v -e " / / " /proc/self/mountinfo | cut -d" " -f5 | grep -vE "^/(proc|dev|sys|etc/(hosts|hostname|resolv.conf))(/|$)"; echo end`,
    /^0\nend$/,
  ],
  ['DEF-12: new files are for their owner to write', 'umask', /^0022$/],
  [
    'DEF-13: settings of its own network',
    'cat /proc/sys/net/ipv4/ip_unprivileged_port_start; cat /proc/sys/net/ipv4/ping_group_range',
    /^0\n0\t2147483647$/,
  ],
];
const script = facts.map(([name, see]) => `echo "=== ${name}"\n(${see}) 2>&1`).join('\n');

function assertFacts(output: string, where: string): void {
  const seen = new Map(
    output
      .split('=== ')
      .slice(1)
      .map((part) => [part.split('\n')[0] ?? '', part.split('\n').slice(1).join('\n').trimEnd()]),
  );
  for (const [name, , holds] of facts) assert.match(`${seen.get(name)}`, holds, `${name} (${where})`);
}

test('SC-DEF-01, SC-DEF-02, SC-DEF-03, SC-DEF-04, SC-DEF-05, SC-DEF-07, SC-DEF-08, SC-DEF-10, SC-DEF-12, SC-DEF-13: a plain container has what Docker documents, and no more: as process 1, in an exec, after restarts', async () => {
  const api = gantry.api();
  const body = { Image: 'busybox', Cmd: ['sh', '-c', `${script}; sleep 1000`] };
  const { Id } = (await api.post('/containers/create', body)).json<{ Id: string }>();
  const exec = async (where: string) => {
    const { output } = await execInside(gantry, Id, { Cmd: ['sh', '-c', script], Tty: true });
    // An exec's own terminal is a device of its.
    assertFacts(output, where);
  };
  assert.equal((await api.post(`/containers/${Id}/start`)).status, 204);
  await exec('exec');
  assert.equal((await api.post(`/containers/${Id}/restart?t=0`)).status, 204);
  await exec('exec after a restart');
  await gantry.kill9();
  await gantry.start();
  await exec('exec after the daemon was killed');
  await api.delete(`/containers/${Id}?force=1`);
  const { output } = await runInside(gantry, { Cmd: ['sh', '-c', script] });
  assertFacts(output, 'process 1');
});

test('SC-DEF-01: another user than root has no capability in effect, as process 1 and in an exec', async () => {
  const status = ['sh', '-c', 'grep -E "^Cap(Inh|Prm|Eff|Amb)" /proc/self/status'];
  const none = `CapInh:\t${NONE}\nCapPrm:\t${NONE}\nCapEff:\t${NONE}\nCapAmb:\t${NONE}\n`;
  assert.equal((await runInside(gantry, { User: '1000', Cmd: status })).output, none);
  const running = await runInside(gantry, { User: '1000', Cmd: status }, true);
  await gantry.api().delete(`/containers/${running.id}`);
});

for (const [add, drop, bounding] of [
  [[], ['ALL'], NONE],
  [['chown'], ['ALL'], '0000000000000001'],
  [['CAP_CHOWN'], ['all'], '0000000000000001'],
  [['Net_Admin'], [], '00000000a80435fb'],
] as const)
  test(`SC-DEF-01: adding [${add}] and dropping [${drop}] gives ${bounding}`, async () => {
    const HostConfig = { CapAdd: add, CapDrop: drop };
    const { output } = await runInside(gantry, { Cmd: ['grep', '^CapBnd', '/proc/self/status'], HostConfig });
    assert.equal(output, `CapBnd:\t${bounding}\n`);
  });

test('SC-DEF-01: an unknown capability is refused', async () => {
  assert.equal((await runInside(gantry, { Cmd: ['true'], HostConfig: { CapAdd: ['NOPE'] } })).status, 400);
});

/** The number of close(2) at the 32-bit entry of x86-64. */
const CLOSE_X86 = 6;

/** Whether this kernel has the 32-bit entry at all: one without it kills whoever tries, in a container or not. */
function hasOldEntry(): boolean {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-entry-'));
  try {
    const program = join(directory, 'close');
    writeFileSync(program, syscallProgram({ ...CONTROL, x86: CLOSE_X86 }), { mode: 0o755 });
    return spawnSync(program).signal === null;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test('SC-DEF-02: what no plain container may ask of the kernel, it may not, by either entry', async () => {
  const x86 = process.arch === 'x64' && hasOldEntry() ? FORBIDDEN_X86 : [];
  const calls = [CONTROL, ...FORBIDDEN, ...x86];
  const members = calls.map((call, index) => [
    { path: `call-${index}`, mode: 0o755 },
    syscallProgram(call),
  ]) satisfies Parameters<typeof loadLayered>[2];
  await loadLayered(gantry.api(), 'calls:1', members);
  const Cmd = ['sh', '-c', `for i in $(seq 0 ${calls.length - 1}); do /call-$i; echo $?; done`];
  const { output } = await runInside(gantry, { Image: 'calls:1', Cmd });
  const codes = output.trim().split('\n').map(Number);
  assert.equal(codes[0], 9, `the control does not reach the kernel: ${output}`);
  const [EPERM, ENOSYS] = [1, 38];
  const allowed = calls.slice(1).filter((_, index) => ![EPERM, ENOSYS].includes(codes[index + 1] ?? 0));
  assert.deepEqual(
    allowed.map(({ name }) => `${name}: ${codes[calls.findIndex((call) => call.name === name)]}`),
    [],
  );
  assert.equal(codes[calls.findIndex(({ name }) => name === 'clone3')], ENOSYS, 'libraries fall back by it');
});

test('SC-DEF-04: what is read-only keeps the flags that the file system has, and is mounted once', async () => {
  const { output } = await runInside(gantry, { Cmd: ['cat', '/proc/self/mountinfo'] });
  const mounts = output
    .trim()
    .split('\n')
    .map((line) => line.split(' '))
    .map(([, , , , point = '', flags = '']) => ({ point, flags: flags.split(',') }));
  const readOnly = mounts.filter(({ point }) =>
    /^\/(proc\/(bus|fs|irq|sys)|sys\/fs\/cgroup(\/.*)?)$/.test(point),
  );
  assert.ok(readOnly.some(({ point }) => point === '/proc/sys'));
  assert.ok(readOnly.some(({ point }) => point === '/sys/fs/cgroup'));
  for (const { point, flags } of readOnly)
    for (const flag of ['ro', 'nosuid', 'nodev', 'noexec'])
      assert.ok(flags.includes(flag), `${point}: ${flags}`);
  const points = mounts.map(({ point }) => point);
  assert.deepEqual(points, [...new Set(points)], 'no mount lies over another');
});

for (const [said, expected] of [
  ['no-new-privileges', 1],
  ['no-new-privileges:true', 1],
  ['no-new-privileges=true', 1],
  ['no-new-privileges=false', 0],
] as const)
  test(`SC-DEF-05: ${said} is ${expected ? 'on' : 'off'}`, async () => {
    const { output } = await runInside(gantry, {
      Cmd: ['grep', '^NoNewPrivs', '/proc/self/status'],
      HostConfig: { SecurityOpt: [said] },
    });
    assert.equal(output, `NoNewPrivs:\t${expected}\n`);
  });

test('SC-DEF-05: a daemon’s default holds for all but those that ask for the other', async (t) => {
  const strict = await startGantry(t, { args: ['--no-new-privileges'] });
  const see = { Cmd: ['grep', '^NoNewPrivs', '/proc/self/status'] };
  for (const [SecurityOpt, expected] of [
    [[], 1],
    [['no-new-privileges=false'], 0],
  ] as const) {
    const { output } = await runInside(strict, { ...see, HostConfig: { SecurityOpt } });
    assert.equal(output, `NoNewPrivs:\t${expected}\n`);
  }
});

test('SC-DEF-06: the AppArmor profile that inspect tells is the one the kernel holds a container to', async () => {
  const enabled = ((): boolean => {
    try {
      return readFileSync('/sys/module/apparmor/parameters/enabled', 'utf8').startsWith('Y');
    } catch {
      return false;
    }
  })();
  const { SecurityOptions } = (await gantry.api().get('/info')).json<{ SecurityOptions: string[] }>();
  assert.equal(SecurityOptions.includes('name=apparmor'), enabled);
  for (const [SecurityOpt, profile] of [
    [[], enabled ? 'gantry-default' : ''],
    [['apparmor=unconfined'], enabled ? 'unconfined' : ''],
  ] as const) {
    const HostConfig = { SecurityOpt };
    const ran = await runInside(gantry, { Cmd: ['cat', '/proc/self/attr/current'], HostConfig }, true);
    const shown = (await gantry.api().get(`/containers/${ran.id}/json`)).json<{ AppArmorProfile: string }>();
    assert.equal(shown.AppArmorProfile, profile);
    if (enabled) assert.match(ran.output, new RegExp(`^${profile}( \\(enforce\\))?$`, 'm'));
    await gantry.api().delete(`/containers/${ran.id}`);
  }
});

test('SC-DEF-07: a device node that a container makes opens nothing', async () => {
  const nodes = ['c 1 1', 'c 1 2', 'b 8 0', 'b 254 0', 'c 10 200'];
  const each = nodes.map((node, index) => `mknod /n${index} ${node}; head -c 1 /n${index}`).join('; ');
  const { output } = await runInside(gantry, { Cmd: ['sh', '-c', `${each}; head -c 1 /dev/zero | wc -c`] });
  assert.equal(output.match(/Operation not permitted/g)?.length, nodes.length, output);
  assert.match(output, /^1$/m, 'the control: a device that is allowed');
});

test('SC-DEF-09: namespaces are its own', async () => {
  const kinds = ['mnt', 'pid', 'net', 'ipc', 'uts', ...(readCgroupHost().version === 2 ? ['cgroup'] : [])];
  const { output } = await runInside(gantry, {
    Cmd: ['sh', '-c', `for n in ${kinds.join(' ')}; do readlink /proc/1/ns/$n; done`],
  });
  const inside = output.trim().split('\n');
  assert.equal(inside.length, kinds.length);
  for (const [index, kind] of kinds.entries())
    assert.notEqual(inside[index], readlinkSync(`/proc/self/ns/${kind}`), kind);
});

test('SC-DEF-11: the environment is the image’s, the user’s, and four variables', async () => {
  const { output } = await runInside(gantry, { Cmd: ['env'], Env: ['MINE=1'] });
  const names = output
    .trim()
    .split('\n')
    .map((line) => line.split('=')[0]);
  assert.deepEqual(names.sort(), ['HOME', 'HOSTNAME', 'MINE', 'PATH']);
});

test('SC-DEF-12: limits of processes are those of the daemon, unless a default is configured', async () => {
  const { output } = await runInside(gantry, { Cmd: ['cat', '/proc/self/limits'] });
  const hard = (text: string, name: string) => new RegExp(`^${name}\\s+\\S+\\s+(\\S+)`, 'm').exec(text)?.[1];
  const daemon = readFileSync(`/proc/${gantry.pid}/limits`, 'utf8');
  for (const name of ['Max core file size', 'Max open files', 'Max processes'])
    assert.equal(hard(output, name), hard(daemon, name), name);
});

test('SC-DEF-12: keys of the session that started the engine are in nobody’s keyring, also with all system calls', async () => {
  const api = gantry.api();
  await loadArchive(api, callsArchive());
  const see = ['sh', '-c', 'for i in 0 1 2 3; do /call/keyring$i; echo $?; done'];
  const mine = `${ownKeyring().replaceAll(' ', '\n')}\n`;
  const HostConfig = { SecurityOpt: ['seccomp=unconfined'], NetworkMode: 'none' };
  const body = { Image: IMAGE, Cmd: ['sh', '-c', `${see[2]}; sleep 1000`], HostConfig };
  const { Id } = (await api.post('/containers/create', body)).json<{ Id: string }>();
  assert.equal((await api.post(`/containers/${Id}/start`)).status, 204);
  const seen = [await execInside(gantry, Id, { Cmd: see }), await execInside(gantry, Id, { Cmd: see })];
  const all = [await printed(gantry, Id), ...seen.map(({ output }) => output), mine];
  for (const each of all) assert.match(each, /^(\d+\n){4}$/);
  assert.deepEqual([...new Set(all)], all, 'each has one of its own');
  await api.delete(`/containers/${Id}?force=1`);
});

/** Each widening option, and the facts of above that it may change. */
const widening: readonly (readonly [what: string, host: object, rows: RegExp])[] = [
  ['CapAdd', { CapAdd: ['SYS_ADMIN'] }, /DEF-01|DEF-02/],
  [
    'Devices',
    { Devices: [{ PathOnHost: '/dev/null', PathInContainer: '/dev/x', CgroupPermissions: 'r' }] },
    /DEF-07/,
  ],
  ['seccomp=unconfined', { SecurityOpt: ['seccomp=unconfined'] }, /DEF-02/],
  ['PidMode', { PidMode: 'host' }, /DEF-03/],
  ['IpcMode', { IpcMode: 'host' }, /^$/],
  ['UTSMode', { UTSMode: 'host' }, /^$/],
  ['NetworkMode', { NetworkMode: 'host' }, /DEF-13/],
  ['MaskedPaths', { MaskedPaths: [] }, /DEF-03/],
  ['DeviceCgroupRules', { DeviceCgroupRules: ['c 1:1 rwm'] }, /^$/],
  ['CgroupnsMode', { CgroupnsMode: 'host' }, /^$/],
  ['GroupAdd', { GroupAdd: ['8'] }, /^$/],
  ['Sysctls', { Sysctls: { 'net.ipv4.ip_unprivileged_port_start': '80' } }, /DEF-13/],
  ['Ulimits', { Ulimits: [{ Name: 'nofile', Soft: 64, Hard: 64 }] }, /^$/],
  ['Tmpfs', { Tmpfs: { '/made': 'exec,dev,suid' } }, /DEF-10/],
  ['label=disable', { SecurityOpt: ['label=disable'] }, /^$/],
];
for (const [what, HostConfig, rows] of widening)
  test(`SC-DEF-14: ${what} widens nothing but what it is about`, async () => {
    const { output } = await runInside(gantry, { Cmd: ['sh', '-c', script], HostConfig });
    const kept = facts.filter(([name]) => !rows.test(name));
    for (const [name, , holds] of kept) {
      const seen = output.split(`=== ${name}\n`)[1]?.split('=== ')[0]?.trimEnd();
      assert.match(`${seen}`, holds, name);
    }
  });

test('SC-DEF-15: of a read-only root only the memory file systems can be written', async () => {
  const { output } = await runInside(gantry, {
    Cmd: [
      'sh',
      '-c',
      'for f in / /etc /bin /dev /dev/shm /proc /sys /tmp; do (echo x >$f/w) 2>/dev/null && echo $f; done; for f in hosts hostname resolv.conf; do (echo x >>/etc/$f) 2>/dev/null && echo $f; done; echo end',
    ],
    HostConfig: { ReadonlyRootfs: true, Tmpfs: { '/tmp': '' } },
  });
  assert.equal(output, '/dev\n/dev/shm\n/tmp\nend\n');
});

test('no descriptor of the engine’s is open on its cgroups or files in a container', async () => {
  const { output } = await runInside(gantry, { Cmd: ['ls', '/proc/1/fd'] });
  // The fourth is the directory that ls reads.
  assert.deepEqual(output.trim().split('\n'), ['0', '1', '2', '3']);
  assert.ok(readdirSync(`/proc/${gantry.pid}/fd`).length > 4, 'the engine itself has more');
});
