/** Create requests that cannot be had, with the words that every engine says so in. */
export interface Refusal {
  readonly what: string;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly host?: Readonly<Record<string, unknown>>;
  readonly says: RegExp;
  /** The version to ask in; by default the one that is compared. */
  readonly version?: string;
  /** dockerd refuses it only when the container starts, or not at all. */
  readonly later?: string;
}

const MB = 1 << 20;
const AT_START = 'dockerd says so at the start';
const NEWER = 'newer engines refuse it at once, dockerd 20.10 makes the container';
const STATUS = 'dockerd gives 500 for what newer engines give 400';
const SECURITY = 'dockerd lets it through to files or to the runtime';

export const refusals: readonly Refusal[] = [
  { what: 'little memory', host: { Memory: 5 * MB }, says: /^Minimum memory limit allowed is 6MB$/ },
  { what: 'negative memory', host: { Memory: -1 }, says: /^Minimum memory limit allowed is 6MB$/ },
  {
    what: 'less swap than memory',
    host: { Memory: 64 * MB, MemorySwap: 32 * MB },
    says: /^Minimum memoryswap limit should be larger than memory limit, see usage$/,
  },
  {
    what: 'swap without memory',
    host: { MemorySwap: 64 * MB },
    says: /^You should always set the Memory limit when using Memoryswap limit, see usage$/,
  },
  {
    what: 'a reservation above the limit',
    host: { Memory: 64 * MB, MemoryReservation: 65 * MB },
    says: /^Minimum memory limit can not be less than memory reservation limit, see usage$/,
  },
  {
    what: 'a small reservation',
    host: { MemoryReservation: MB },
    says: /^Minimum memory reservation allowed is 6MB$/,
  },
  {
    what: 'much swappiness',
    host: { MemorySwappiness: 101 },
    says: /^Invalid value: 101, valid memory swappiness range is 0-100$/,
  },
  {
    what: 'NanoCpus beside a period',
    host: { NanoCpus: 1e9, CpuPeriod: 1000 },
    says: /^Conflicting options: Nano CPUs and CPU Period cannot both be set$/,
  },
  {
    what: 'NanoCpus beside a quota',
    host: { NanoCpus: 1e9, CpuQuota: 1000 },
    says: /^Conflicting options: Nano CPUs and CPU Quota cannot both be set$/,
  },
  {
    what: 'more processors than there are',
    host: { NanoCpus: 1e15 },
    says: /^Range of CPUs is from 0\.01 to \d+\.00, as there are only \d+ CPUs available$/,
  },
  { what: 'a short period', host: { CpuPeriod: 999 }, says: /^CPU cfs period can not be less than 1ms/ },
  { what: 'a long period', host: { CpuPeriod: 1_000_001 }, says: /or larger than 1s \(i\.e\. 1000000\)$/ },
  { what: 'a small quota', host: { CpuQuota: 999 }, says: /^CPU cfs quota can not be less than 1ms/ },
  {
    what: 'a processor that is not there',
    host: { CpusetCpus: '0-4000' },
    says: /^Requested CPUs are not available - requested 0-4000, available: /,
  },
  {
    what: 'no list of processors',
    host: { CpusetCpus: '1-x' },
    says: /^Invalid value 1-x for cpuset cpus: invalid format: 1-x$/,
  },
  {
    what: 'a memory node that is not there',
    host: { CpusetMems: '4000' },
    says: /^Requested memory nodes are not available - requested 4000, available: /,
  },
  {
    what: 'a real-time runtime above its period',
    host: { CpuRealtimePeriod: 1000, CpuRealtimeRuntime: 2000 },
    later: STATUS,
    says: /real-time/,
  },
  {
    what: 'a quality of service',
    host: { IOMaximumIOps: 5 },
    says: /^invalid option: QoS maximum IOPs configuration is not supported on linux$/,
    later: 'dockerd 20.10 says it in other words',
  },
  { what: 'an unknown IPC mode', host: { IpcMode: 'odd' }, later: NEWER, says: /^[Ii]nvalid IPC mode: odd$/ },
  { what: 'an unknown PID mode', host: { PidMode: 'odd' }, later: NEWER, says: /^[Ii]nvalid PID mode: odd$/ },
  { what: 'an unknown UTS mode', host: { UTSMode: 'odd' }, later: NEWER, says: /^[Ii]nvalid UTS mode: odd$/ },
  {
    what: 'an unknown cgroup namespace mode',
    host: { CgroupnsMode: 'odd' },
    says: /^invalid cgroup namespace mode: odd$/,
  },
  { what: 'negative shared memory', host: { ShmSize: -1 }, says: /^SHM size can not be less than 0$/ },
  {
    what: 'an out-of-memory score out of range',
    host: { OomScoreAdj: 1001 },
    says: /^Invalid value 1001, range for oom score adj is \[-1000, 1000\]$/,
  },
  {
    what: 'an unknown restart policy',
    host: { RestartPolicy: { Name: 'sometimes' } },
    says: /^invalid restart policy 'sometimes'$/,
  },
  {
    what: 'a retry count with always',
    host: { RestartPolicy: { Name: 'always', MaximumRetryCount: 3 } },
    says: /maximum retry count can ?not be used with restart policy 'always'|maximum retry count can only be used with 'on-failure'/,
    later: 'newer engines say it in other words',
  },
  {
    what: 'a restart policy of what removes itself',
    host: { AutoRemove: true, RestartPolicy: { Name: 'always' } },
    says: /^can't create 'AutoRemove' container with restart policy$/,
  },
  {
    what: 'an unknown capability',
    host: { CapAdd: ['NOPE'] },
    says: /^invalid CapAdd: unknown capability: "CAP_NOPE"$/,
  },
  {
    what: 'a security option without a value',
    host: { SecurityOpt: ['odd'] },
    later: STATUS,
    says: /^invalid --security-opt 1: "odd"$/,
  },
  {
    what: 'an unknown security option',
    host: { SecurityOpt: ['odd=1'] },
    later: STATUS,
    says: /^invalid --security-opt 2: "odd=1"$/,
  },
  {
    what: 'an unknown runtime',
    host: { Runtime: 'nope' },
    says: /^(unknown or invalid runtime name|Unknown runtime specified): nope|^Unknown runtime specified nope$/,
    later: 'newer engines say it in other words',
  },
  {
    what: 'a size of the writable layer',
    host: { StorageOpt: { size: '1G' } },
    says: /^--storage-opt is supported only for overlay over xfs with 'pquota' mount option/,
    later: 'Gantry adds which other file systems do',
  },
  {
    what: 'a relative directory',
    config: { WorkingDir: 'x' },
    says: /the working directory 'x' is invalid, it needs to be an absolute path$/i,
  },
  { what: 'an unknown signal', config: { StopSignal: 'SIGNOPE' }, says: /^[Ii]nvalid signal: SIGNOPE$/ },
  { what: 'a variable without a name', config: { Env: ['=x'] }, says: /^invalid environment variable: =x$/ },
  { what: 'no extra host', host: { ExtraHosts: ['x'] }, says: /^bad format for add-host: "x"$/ },
  {
    what: 'no address for an extra host',
    host: { ExtraHosts: ['x:y'] },
    says: /^invalid IP address in add-host: "y"$/,
  },
  {
    what: 'a tmpfs over everything',
    host: { Tmpfs: { '/': '' } },
    says: /invalid specification: destination can't be '\/'$/,
    later: 'newer engines say what kind of mount it is about',
  },
  {
    what: 'no rule for devices',
    host: { DeviceCgroupRules: ['c 1:3'] },
    says: /^invalid device cgroup rule format: 'c 1:3'$/,
    later: AT_START,
  },
  {
    what: 'a filter that is no JSON',
    host: { SecurityOpt: ['seccomp={'] },
    says: /^Decoding seccomp profile failed: /,
    later: AT_START,
  },
  {
    what: 'a setting of the whole kernel',
    host: { Sysctls: { 'kernel.panic': '1' } },
    says: /^sysctl "kernel.panic" is not in a separate kernel namespace$/,
    later: AT_START,
  },
  {
    what: 'a parent out of the cgroups',
    host: { CgroupParent: '../../x' },
    says: /^invalid cgroup parent /,
    later: SECURITY,
  },
  {
    what: 'an annotation of the runtime’s',
    host: { Annotations: { 'run.oci.handler': 'x' } },
    says: /^invalid annotation: run\.oci\.handler/,
    later: SECURITY,
  },
  {
    what: 'isolation as on Windows',
    host: { Isolation: 'hyperv' },
    says: /^[Ii]nvalid isolation \(hyperv\): linux only supports 'default'$/,
    later: 'dockerd 20.10 says it in other words',
  },
  {
    what: 'a soft limit above the hard one',
    host: { Ulimits: [{ Name: 'nofile', Soft: 10, Hard: 5 }] },
    says: /^ulimit soft limit must be less than or equal to hard limit: 10 > 5$/,
    later: AT_START,
  },
  {
    what: 'the IPC namespace of nobody',
    host: { IpcMode: 'container:nope' },
    says: /^No such container: nope$/,
  },
  {
    what: 'the processes of nobody',
    host: { PidMode: 'container:nope' },
    says: /^No such container: nope$/,
  },
  ...(
    [
      [
        'a named pipe of Windows',
        { Type: 'npipe', Source: 'p', Target: '/x' },
        /type "npipe": mount type unknown$/,
      ],
      ['a mount without a type', { Source: 'p', Target: '/x' }, /type "": mount type unknown$/],
      ['a mount on nothing', { Type: 'volume', Source: 'vol' }, /field Target must not be empty$/],
      ['a bind of nothing', { Type: 'bind', Target: '/x' }, /field Source must not be empty$/],
      [
        'a bind of what is not there',
        { Type: 'bind', Source: '/not/there', Target: '/x' },
        /bind source path does not exist: \/not\/there$/,
      ],
      [
        'an unknown propagation',
        { Type: 'bind', Source: '/tmp', Target: '/x', BindOptions: { Propagation: 'odd' } },
        /invalid propagation mode: odd$/,
      ],
      [
        'a tmpfs with a source',
        { Type: 'tmpfs', Source: 'p', Target: '/x' },
        /field Source must not be specified$/,
      ],
    ] as const
  ).map(([what, mount, says]): Refusal => ({ what, host: { Mounts: [mount] }, says })),
  {
    what: 'a tmpfs of less than nothing',
    host: { Mounts: [{ Type: 'tmpfs', Target: '/x', TmpfsOptions: { SizeBytes: -1 } }] },
    says: /type "tmpfs": SizeBytes must not be negative$/,
    later: AT_START,
  },
  {
    what: 'the exact capabilities that 1.40 alone knew',
    host: { Capabilities: ['CAP_CHOWN'] },
    version: '1.40',
    says: /^the HostConfig\.Capabilities field is not supported by this daemon; use CapAdd and CapDrop/,
    later: 'dockerd 20.10 passes over it',
  },
  {
    what: 'options of another type of mount',
    host: { Mounts: [{ Type: 'bind', Source: '/tmp', Target: '/x', VolumeOptions: {} }] },
    version: '1.42',
    says: /^VolumeOptions must not be specified on mount type "bind"$/,
    later: 'dockerd 20.10 knows no 1.42',
  },
  {
    what: 'a second line for the resolver',
    host: { Dns: ['1.1.1.1\nnameserver 6.6.6.6'] },
    says: /is not an ip address$/,
    later: SECURITY,
  },
];
