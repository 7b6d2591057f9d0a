/** All options of create that a container can be looked at for, by groups that go well together in one container. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Group, Row } from './probe.ts';

/** Reads a limit, from control groups of version 1 or 2. */
const limit = (v1: string, v2: string): string =>
  `cd /sys/fs/cgroup; { [ -f ${v1} ] && cat ${v1} || cat ${v2}; }`;
const MB = 1 << 20;

/** A disk of this machine, with its numbers. */
function disk(): { readonly path: string; readonly numbers: string } | undefined {
  for (const name of readdirSync('/sys/block'))
    if (existsSync(`/dev/${name}`))
      return { path: `/dev/${name}`, numbers: readFileSync(`/sys/block/${name}/dev`, 'utf8').trim() };
  return undefined;
}

const identity: Group = {
  title: 'who and where',
  rows: [
    {
      what: 'Hostname',
      config: { Hostname: 'box' },
      see: 'hostname; cat /etc/hostname; echo $HOSTNAME',
      holds: 'box\nbox\nbox',
      shows: { 'Config.Hostname': 'box' },
    },
    {
      what: 'Domainname',
      config: { Domainname: 'dom.example' },
      see: 'cat /proc/sys/kernel/domainname',
      holds: 'dom.example',
      shows: { 'Config.Domainname': 'dom.example' },
    },
    {
      what: 'User',
      config: { User: '1234:77' },
      see: 'id -u; id -g; echo $HOME',
      holds: '1234\n77\n/',
      shows: { 'Config.User': '1234:77' },
    },
    {
      what: 'GroupAdd',
      host: { GroupAdd: ['88', 'root'] },
      see: 'id -G',
      holds: /^77 88 0$|^77 0 88$/,
      shows: { 'HostConfig.GroupAdd': ['88', 'root'] },
      since: 20,
    },
    {
      what: 'WorkingDir, which is made',
      config: { WorkingDir: '/made//by/../here/' },
      see: 'pwd; stat -c "%u %a" .',
      holds: '/made/here\n0 755',
      shows: { 'Config.WorkingDir': '/made/here' },
    },
    {
      what: 'Env',
      config: { Env: ['A=1', 'B=two words', 'C=line\nbreak', 'TERM'] },
      see: 'echo "$A|$B|$C|$TERM"; tr "\\0" "\\n" </proc/1/environ | grep -c ^TERM',
      holds: '1|two words|line\nbreak|\n0',
      shows: {
        'Config.Env': [
          ...['A=1', 'B=two words', 'C=line\nbreak', 'TERM'],
          'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        ],
      },
    },
    { what: 'Labels', config: { Labels: { a: 'b' } }, shows: { 'Config.Labels': { a: 'b' } }, since: 17 },
    {
      what: 'StopSignal',
      config: { StopSignal: 'SIGUSR1' },
      shows: { 'Config.StopSignal': 'SIGUSR1' },
      since: 21,
    },
    { what: 'StopTimeout', config: { StopTimeout: 3 }, shows: { 'Config.StopTimeout': 3 }, since: 25 },
    {
      what: 'ExposedPorts',
      config: { ExposedPorts: { '80/tcp': {} } },
      shows: { 'Config.ExposedPorts': { '80/tcp': {} } },
    },
    {
      what: 'standard input that is opened and ends with its first client',
      config: { OpenStdin: true, StdinOnce: true, AttachStdin: true },
      see: 'readlink /proc/1/fd/0 | cut -d: -f1',
      holds: 'pipe',
      shows: { 'Config.OpenStdin': true, 'Config.StdinOnce': true, 'Config.AttachStdin': true },
    },
  ],
};

const limits: Group = {
  title: 'limits',
  rows: [
    {
      what: 'Memory',
      host: { Memory: 64 * MB },
      see: limit('memory/memory.limit_in_bytes', 'memory.max'),
      holds: String(64 * MB),
      shows: { 'HostConfig.Memory': 64 * MB },
      since: 18,
    },
    {
      what: 'MemorySwap',
      host: { MemorySwap: 96 * MB },
      see: limit('memory/memory.memsw.limit_in_bytes', 'memory.swap.max'),
      holds: { v1: String(96 * MB), v2: String(32 * MB) },
      shows: { 'HostConfig.MemorySwap': 96 * MB },
      since: 18,
    },
    {
      what: 'MemoryReservation',
      host: { MemoryReservation: 32 * MB },
      see: limit('memory/memory.soft_limit_in_bytes', 'memory.low'),
      holds: String(32 * MB),
      shows: { 'HostConfig.MemoryReservation': 32 * MB },
      since: 21,
    },
    {
      what: 'MemorySwappiness',
      host: { MemorySwappiness: 10 },
      see: limit('memory/memory.swappiness', '/dev/null'),
      holds: { v1: '10', v2: '' },
    },
    {
      what: 'OomKillDisable',
      host: { OomKillDisable: true },
      see: `${limit('memory/memory.oom_control', '/dev/null')} | head -1`,
      holds: { v1: 'oom_kill_disable 1', v2: '' },
    },
    {
      what: 'OomScoreAdj',
      host: { OomScoreAdj: 300 },
      see: 'cat /proc/self/oom_score_adj',
      holds: '300',
      shows: { 'HostConfig.OomScoreAdj': 300 },
      since: 22,
    },
    {
      what: 'CpuShares',
      host: { CpuShares: 300 },
      see: limit('cpu/cpu.shares', 'cpu.weight'),
      holds: { v1: '300', v2: /^(12|45)$/ }, // runtimes differ in how they translate
      shows: { 'HostConfig.CpuShares': 300 },
      since: 18,
    },
    {
      what: 'CpuPeriod and CpuQuota',
      host: { CpuPeriod: 50_000, CpuQuota: 25_000 },
      see: `${limit('cpu/cpu.cfs_quota_us', 'cpu.max')}; cat cpu/cpu.cfs_period_us 2>/dev/null`,
      holds: { v1: '25000\n50000', v2: '25000 50000' },
      shows: { 'HostConfig.CpuPeriod': 50_000, 'HostConfig.CpuQuota': 25_000 },
      since: 19,
    },
    {
      what: 'CpusetCpus',
      host: { CpusetCpus: '0' },
      see: `${limit('cpuset/cpuset.cpus', 'cpuset.cpus')}; grep Cpus_allowed_list /proc/self/status`,
      holds: '0\nCpus_allowed_list:\t0',
      shows: { 'HostConfig.CpusetCpus': '0' },
      since: 18,
    },
    {
      what: 'CpusetMems',
      host: { CpusetMems: '0' },
      see: limit('cpuset/cpuset.mems', 'cpuset.mems'),
      holds: '0',
      shows: { 'HostConfig.CpusetMems': '0' },
      since: 19,
    },
    {
      what: 'PidsLimit',
      host: { PidsLimit: 99 },
      see: limit('pids/pids.max', 'pids.max'),
      holds: '99',
      shows: { 'HostConfig.PidsLimit': 99 },
      since: 22,
    },
    {
      what: 'BlkioWeight',
      host: { BlkioWeight: 200 },
      see: limit('blkio/blkio.bfq.weight', 'io.bfq.weight'),
      holds: { v1: '200', v2: /200/ },
      shows: { 'HostConfig.BlkioWeight': 200 },
      since: 19,
      differs: 'dockerd 20.10 looks for a file that kernels since 5.0 do not have, and discards it',
    },
    ...rates(),
    {
      what: 'Ulimits',
      host: {
        Ulimits: [
          { Name: 'nofile', Soft: 100, Hard: 200 },
          { Name: 'core', Soft: 0, Hard: 0 },
        ],
      },
      see: 'ulimit -n; ulimit -Hn; ulimit -c',
      holds: '100\n200\n0',
      shows: {
        'HostConfig.Ulimits': [
          { Name: 'nofile', Hard: 200, Soft: 100 },
          { Name: 'core', Hard: 0, Soft: 0 },
        ],
      },
      since: 18,
    },
  ],
};

function rates(): Row[] {
  const one = disk();
  if (one === undefined) return [];
  return (
    [
      ['BlkioDeviceReadBps', 'read_bps', 'rbps', 1_048_576],
      ['BlkioDeviceWriteBps', 'write_bps', 'wbps', 2_097_152],
      ['BlkioDeviceReadIOps', 'read_iops', 'riops', 111],
      ['BlkioDeviceWriteIOps', 'write_iops', 'wiops', 222],
    ] as const
  ).map(([name, file, key, Rate]) => ({
    what: name,
    host: { [name]: [{ Path: one.path, Rate }] },
    see: limit(`blkio/blkio.throttle.${file}_device`, 'io.max'),
    holds: { v1: `${one.numbers} ${Rate}`, v2: new RegExp(`^${one.numbers} .*${key}=${Rate}`) },
    shows: { [`HostConfig.${name}`]: [{ Path: one.path, Rate }] },
    since: 22,
  }));
}

const shares: Group = {
  title: 'limits said in other ways',
  rows: [
    {
      what: 'NanoCpus',
      host: { NanoCpus: 500_000_000 },
      see: `${limit('cpu/cpu.cfs_quota_us', 'cpu.max')}; cat cpu/cpu.cfs_period_us 2>/dev/null`,
      holds: { v1: '50000\n100000', v2: '50000 100000' },
      shows: { 'HostConfig.NanoCpus': 500_000_000 },
      since: 25,
    },
    {
      what: 'memory with as much swap again',
      host: { Memory: 64 * MB },
      see: limit('memory/memory.memsw.limit_in_bytes', 'memory.swap.max'),
      holds: { v1: String(128 * MB), v2: String(64 * MB) },
      shows: { 'HostConfig.MemorySwap': 128 * MB },
      since: 18,
    },
    {
      what: 'no limit of processes',
      host: { PidsLimit: -1 },
      see: limit('pids/pids.max', 'pids.max'),
      holds: 'max',
      shows: { 'HostConfig.PidsLimit': null },
    },
    {
      what: 'an init as process 1',
      host: { Init: true },
      see: 'tr "\\0" " " </proc/1/cmdline | head -1 | cut -d" " -f1,2; stat -c %a /sbin/docker-init; touch /sbin/docker-init',
      holds: '/sbin/docker-init --\n755\ntouch: /sbin/docker-init: Read-only file system',
      shows: { 'HostConfig.Init': true },
      since: 25,
    },
  ],
};

/** Docker's form of a filter: everything is allowed, and making directories is not. */
const NO_MKDIR = JSON.stringify({
  defaultAction: 'SCMP_ACT_ALLOW',
  syscalls: [
    { names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', args: [], includes: {}, excludes: {} },
    { name: 'rmdir', action: 'SCMP_ACT_ERRNO', excludes: { caps: ['CAP_CHOWN'] } },
  ],
});

const rights: Group = {
  title: 'rights',
  rows: [
    {
      what: 'CapDrop and CapAdd',
      host: { CapDrop: ['ALL'], CapAdd: ['CHOWN', 'cap_net_raw'] },
      see: 'grep CapBnd /proc/self/status',
      holds: 'CapBnd:\t0000000000002001',
      shows: { 'HostConfig.CapDrop': ['ALL'] },
      since: 14,
    },
    {
      what: 'SecurityOpt: a filter, and no new privileges',
      host: { SecurityOpt: [`seccomp=${NO_MKDIR}`, 'no-new-privileges:true'] },
      see: 'mkdir /run/x; rmdir /etc; grep -E "NoNewPrivs|Seccomp:" /proc/self/status',
      holds:
        "mkdir: can't create directory '/run/x': Operation not permitted\nrmdir: '/etc': Directory not empty\nNoNewPrivs:\t1\nSeccomp:\t2",
      shows: { 'HostConfig.SecurityOpt': [`seccomp=${NO_MKDIR}`, 'no-new-privileges:true'] },
      since: 15,
    },
    {
      what: 'Devices',
      host: {
        Devices: [{ PathOnHost: '/dev/null', PathInContainer: '/dev/mine', CgroupPermissions: 'rw' }],
      },
      see: 'stat -c "%t %T %F" /dev/mine; echo x > /dev/mine && echo written',
      holds: '1 3 character special file\nwritten',
      shows: {
        'HostConfig.Devices': [
          { PathOnHost: '/dev/null', PathInContainer: '/dev/mine', CgroupPermissions: 'rw' },
        ],
      },
      since: 14,
    },
    {
      what: 'DeviceCgroupRules',
      host: { DeviceCgroupRules: ['c 42:7 rm', 'b 7:* r'] },
      see: `${limit('devices/devices.list', '/dev/null')} | grep -E "^(c 42:7|b 7:)" | sort`,
      holds: { v1: 'b 7:* r\nc 42:7 rm', v2: '' },
      shows: { 'HostConfig.DeviceCgroupRules': ['c 42:7 rm', 'b 7:* r'] },
      since: 28,
    },
    {
      what: 'MaskedPaths',
      host: { MaskedPaths: ['/proc/version', '/etc/nothing/there'] },
      see: 'cat /proc/version | wc -c; head -c 1 /proc/timer_list | wc -c',
      holds: '0\n1',
      shows: { 'HostConfig.MaskedPaths': ['/proc/version', '/etc/nothing/there'] },
      since: 38,
    },
    {
      what: 'ReadonlyPaths',
      host: { ReadonlyPaths: ['/etc/passwd'] },
      see: 'touch /etc/passwd; touch /etc/group && echo ok',
      holds: 'touch: /etc/passwd: Read-only file system\nok',
      shows: { 'HostConfig.ReadonlyPaths': ['/etc/passwd'] },
      since: 38,
    },
    {
      what: 'Sysctls of namespaces',
      host: { Sysctls: { 'kernel.msgmax': '12345', 'net.ipv4.ip_forward': '1' } },
      see: 'cat /proc/sys/kernel/msgmax /proc/sys/net/ipv4/ip_forward',
      holds: '12345\n1',
      shows: { 'HostConfig.Sysctls': { 'kernel.msgmax': '12345', 'net.ipv4.ip_forward': '1' } },
      since: 23,
    },
  ],
};

const files: Group = {
  title: 'files',
  rows: [
    {
      what: 'ReadonlyRootfs',
      host: { ReadonlyRootfs: true },
      see: 'touch /x /etc/x; touch /dev/shm/x && echo shm',
      holds: 'touch: /x: Read-only file system\ntouch: /etc/x: Read-only file system\nshm',
      shows: { 'HostConfig.ReadonlyRootfs': true },
      since: 17,
    },
    {
      what: 'Tmpfs',
      host: { Tmpfs: { '/t': 'size=64k,mode=700,uid=7', '/u': '' } },
      see: 'stat -c "%a %u" /t; df -k /t | tail -1 | awk \'{print $2}\'; grep -E " /[tu] " /proc/mounts | grep -c nosuid,nodev,noexec; touch /u/x && echo ok',
      holds: '700 7\n64\n2\nok',
      shows: { 'HostConfig.Tmpfs': { '/t': 'size=64k,mode=700,uid=7', '/u': '' } },
      since: 22,
    },
    {
      what: 'Mounts of type tmpfs',
      host: { Mounts: [{ Type: 'tmpfs', Target: '/m', TmpfsOptions: { SizeBytes: 131072, Mode: 0o750 } }] },
      see: 'stat -c "%a" /m; df -k /m | tail -1 | awk \'{print $2}\'',
      holds: '750\n128',
      since: 25,
    },
    {
      what: 'ShmSize',
      host: { ShmSize: 1 * MB },
      see: "df -k /dev/shm | tail -1 | awk '{print $2}'",
      holds: '1024',
      shows: { 'HostConfig.ShmSize': MB },
      since: 22,
    },
  ],
};

/** Namespaces of the host, as the test's own process has them. */
const ofHost = (...kinds: string[]): string =>
  kinds.map((kind) => readlinkSync(`/proc/self/ns/${kind}`)).join('\n');

const hostNamespaces: Group = {
  title: 'namespaces of the host',
  rows: [
    { what: 'PidMode', host: { PidMode: 'host' }, shows: { 'HostConfig.PidMode': 'host' }, since: 17 },
    {
      what: 'IpcMode',
      host: { IpcMode: 'host' },
      see: 'grep -c " /dev/shm " /proc/mounts',
      holds: '1',
      shows: { 'HostConfig.IpcMode': 'host' },
      since: 16,
    },
    { what: 'UTSMode', host: { UTSMode: 'host' }, shows: { 'HostConfig.UTSMode': 'host' }, since: 19 },
    {
      what: 'CgroupnsMode',
      host: { CgroupnsMode: 'host' },
      see: 'for n in pid ipc uts cgroup; do readlink /proc/self/ns/$n; done',
      holds: ofHost('pid', 'ipc', 'uts', 'cgroup'),
      since: 41,
    },
  ],
};

const ownCgroup: Group = {
  title: 'a cgroup namespace of its own, and memory that others may share',
  rows: [
    {
      what: 'CgroupnsMode: private',
      host: { CgroupnsMode: 'private' },
      see: 'cut -d: -f3 /proc/self/cgroup | sort -u',
      holds: '/',
      shows: { 'HostConfig.CgroupnsMode': 'private' },
      since: 41,
    },
    {
      what: 'IpcMode: shareable',
      host: { IpcMode: 'shareable' },
      see: 'grep " /dev/shm " /proc/mounts | grep -o nosuid,nodev,noexec',
      holds: 'nosuid,nodev,noexec',
      shows: { 'HostConfig.IpcMode': 'shareable' },
      since: 16,
    },
  ],
};

const noShm: Group = {
  title: 'no shared memory at all',
  rows: [
    {
      what: 'IpcMode: none',
      host: { IpcMode: 'none' },
      see: 'grep -c " /dev/shm " /proc/mounts',
      holds: '0',
      shows: { 'HostConfig.IpcMode': 'none' },
      since: 16,
    },
    {
      what: 'Tty',
      config: { Tty: false },
      shows: { 'Config.Tty': false },
    },
  ],
};

const names: Group = {
  title: 'names',
  alone: 'without a bridge dockerd gives containers the files of no network',
  rows: [
    {
      what: 'Dns',
      host: { Dns: ['9.9.9.9', '2620:fe::fe'] },
      see: 'grep ^nameserver /etc/resolv.conf',
      holds: 'nameserver 9.9.9.9\nnameserver 2620:fe::fe',
      shows: { 'HostConfig.Dns': ['9.9.9.9', '2620:fe::fe'] },
      since: 10,
    },
    {
      what: 'DnsSearch',
      host: { DnsSearch: ['a.example', 'b.example'] },
      see: 'grep ^search /etc/resolv.conf',
      holds: 'search a.example b.example',
      shows: { 'HostConfig.DnsSearch': ['a.example', 'b.example'] },
      since: 10,
    },
    {
      what: 'DnsOptions',
      host: { DnsOptions: ['ndots:3'] },
      see: 'grep ^options /etc/resolv.conf',
      holds: 'options ndots:3',
      shows: { 'HostConfig.DnsOptions': ['ndots:3'] },
      since: 21,
    },
    {
      what: 'ExtraHosts',
      host: { ExtraHosts: ['db:10.1.2.3'] },
      see: 'grep db /etc/hosts',
      holds: '10.1.2.3\tdb',
      shows: { 'HostConfig.ExtraHosts': ['db:10.1.2.3'] },
      since: 15,
    },
  ],
};

const kept: Group = {
  title: 'what only shows',
  rows: [
    {
      what: 'RestartPolicy',
      host: { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 2 } },
      shows: { 'HostConfig.RestartPolicy': { Name: 'on-failure', MaximumRetryCount: 2 } },
      since: 14,
    },
    {
      what: 'LogConfig',
      host: { LogConfig: { Type: 'local', Config: { 'max-size': '1m' } } },
      shows: { 'HostConfig.LogConfig': { Type: 'local', Config: { 'max-size': '1m' } } },
      since: 18,
    },
    {
      what: 'Isolation',
      host: { Isolation: 'default' },
      shows: { 'HostConfig.Isolation': 'default' },
      since: 22,
    },
    {
      what: 'Annotations',
      host: { Annotations: { 'com.example': 'yes' } },
      shows: { 'HostConfig.Annotations': { 'com.example': 'yes' } },
      since: 43,
      differs: 'they came with 1.43, which Debian 12’s dockerd does not know',
    },
    {
      what: 'CgroupParent',
      host: { CgroupParent: '/gantry-options-test/below' },
      see: 'cut -d: -f3 /proc/self/cgroup | grep -c /gantry-options-test/below/ | grep -qv ^0 && echo below',
      holds: { v1: 'below', v2: /^(below)?$/ },
      shows: { 'HostConfig.CgroupParent': '/gantry-options-test/below' },
      since: 18,
    },
  ],
};

const privileged: Group = {
  title: 'privileged',
  alone: 'dockerd’s runtime wants rights that a machine within a machine may lack',
  rows: [
    {
      what: 'Privileged: everything there is',
      host: { Privileged: true },
      see: 'grep Seccomp: /proc/self/status; mount -t tmpfs none /tmp && echo mounted; cd /sys/fs/cgroup/pids && mkdir made && rmdir made && echo made; [ $(ls /dev | wc -l) -gt 15 ] && echo devices',
      holds: { v1: 'Seccomp:\t0\nmounted\nmade\ndevices', v2: /^Seccomp:\t0\nmounted\n/ },
      shows: { 'HostConfig.Privileged': true, 'HostConfig.MaskedPaths': null },
    },
  ],
};

export const groups: readonly Group[] = [
  ...[identity, limits, shares, rights, files, hostNamespaces, ownCgroup, noShm, names, kept, privileged],
];
