/**
 * What a plain container is given, as rows of a table. Each row is a list of what is open to the container, so that one
 * list is as strict as another, or stricter, when it has nothing that the other has not.
 */
import { readlinkSync } from 'node:fs';
import { ALL_CAPABILITIES } from '../../../src/runtime/index.ts';
import { callNumbers, ownKeyring } from './calls.ts';

/** One thing that is looked at from inside. */
export interface Row {
  readonly what: string;
  /** Shell; it prints a line for each thing. */
  readonly see: string;
  /** What is open, of the lines that it printed. */
  readonly open: (lines: readonly string[]) => readonly string[];
  /** It needs what a plain container has not, to be seen at all: unmasked files, all system calls. */
  readonly unconfined?: true;
  /** Its items are counted, not listed. */
  readonly counted?: true;
  /** More of it is not more that is open. */
  readonly told?: true;
}

const all = (lines: readonly string[]) => lines;

const capabilities = (set: string, name: string): Row => ({
  what: `capabilities, ${set}`,
  see: `sed -n 's/^${name}:\\t//p' /proc/self/status`,
  open: ([mask = '0']) => ALL_CAPABILITIES.filter((_, bit) => (BigInt(`0x${mask}`) >> BigInt(bit)) & 1n),
  ...(set === 'bounding' ? {} : { counted: true as const }),
});

const HIDDEN = [
  ...['acpi', 'asound', 'interrupts', 'kcore', 'keys', 'latency_stats', 'sched_debug', 'scsi'],
  ...['timer_list', 'timer_stats'],
].map((name) => `/proc/${name}`);

/** Flags that take something away, and what is open without them. */
const FLAGS: Readonly<Record<string, string>> = {
  ro: 'writes',
  nosuid: 'set-id programs',
  nodev: 'devices',
  noexec: 'programs',
};

/** One mount: where, and its flags that take something away; `shared`: what is mounted in it comes to the host. */
interface Mount {
  readonly point: string;
  readonly flags: readonly string[];
}

/** Lines of mountinfo (proc_pid_mountinfo(5)). */
export const mountsOf = (lines: readonly string[]): readonly Mount[] =>
  lines.map((line) => {
    const [before = ''] = line.split(' - ');
    const [, , , , point = '', flags = '', ...optional] = before.split(' ');
    const has = flags.split(',').filter((flag) => flag in FLAGS || flag === 'rw');
    return { point, flags: optional.some((tag) => tag.startsWith('shared:')) ? [...has, 'shared'] : has };
  });

const mayIn = ({ point, flags }: Mount): readonly string[] => [
  ...Object.entries(FLAGS).flatMap(([flag, what]) => (flags.includes(flag) ? [] : [`${what} in ${point}`])),
  ...(flags.includes('shared') ? [`${point} is shared with the host`] : []),
];

/** The files of the engine's that every container has. */
const GIVEN_FILES = /^\/(etc\/(hosts|hostname|resolv\.conf)|run\/\.containerenv)$/;
const READ_ONLY = /^\/proc\/(bus|fs|irq|sys)$/;
/** A mount of nothing over what is not to be seen: its flags say nothing. */
const isMask = (point: string): boolean =>
  /^\/(proc\/|sys\/(firmware|dev))/.test(point) && !READ_ONLY.test(point);

/** The control of what can be written: a process's own name. */
export const WRITABLE = '/proc/self/comm';

const NODES = [
  ...['c 1 1', 'c 1 2', 'c 1 4', 'c 1 11', 'c 4 0', 'c 10 200', 'c 10 229', 'c 10 232'],
  ...['b 7 0', 'b 8 0', 'b 254 0'],
];

const NAMESPACES = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'time', 'user', 'uts'];

/** All rows, in the order in which they are printed. */
export const rows: readonly Row[] = [
  capabilities('bounding', 'CapBnd'),
  capabilities('permitted', 'CapPrm'),
  capabilities('effective', 'CapEff'),
  capabilities('inheritable', 'CapInh'),
  capabilities('ambient', 'CapAmb'),
  {
    what: 'set-id programs gain rights',
    see: "sed -n 's/^NoNewPrivs:\\t//p' /proc/self/status",
    open: ([value]) => (value === '0' ? ['yes'] : []),
  },
  {
    what: 'system calls let through',
    see: `for i in ${callNumbers.join(' ')}; do /call/$i >/dev/null 2>&1 </dev/null; echo $i $?; done`,
    // EPERM and ENOSYS are the filter's answers, and those of a kernel that has no such call.
    open: (lines) => lines.filter((line) => !/ (1|38)$/.test(line)).map((line) => line.split(' ')[0] ?? ''),
    counted: true,
  },
  {
    what: 'files of the kernel about the host',
    see: `for f in ${HIDDEN.join(' ')} /sys/firmware /sys/devices/virtual/powercap; do
      if [ -d $f ]; then ls -A $f | grep -q . && echo $f; elif [ -e $f ]; then head -c 1 $f 2>/dev/null | grep -q . && echo $f; fi; done
      ls -d /sys/devices/system/cpu/cpu*/thermal_throttle/* 2>/dev/null`,
    open: all,
  },
  {
    what: 'settings of the kernel that can be written',
    see: `{ echo ${WRITABLE}; find /proc/sys /proc/bus /proc/fs /proc/irq /proc/sysrq-trigger /sys -type f 2>/dev/null; } |
      while read -r f; do true 2>/dev/null >>"$f" && echo "$f"; done`,
    open: (lines) => lines.filter((line) => line !== WRITABLE && line !== ''),
    counted: true,
  },
  {
    what: 'what may be done in mounts',
    see: 'cat /proc/self/mountinfo',
    open: (lines) =>
      mountsOf(lines).flatMap((mount) =>
        isMask(mount.point) || GIVEN_FILES.test(mount.point) ? [] : mayIn(mount),
      ),
    counted: true,
  },
  {
    what: 'files of the engine’s',
    see: 'cat /proc/self/mountinfo',
    open: (lines) => mountsOf(lines).flatMap(({ point }) => (GIVEN_FILES.test(point) ? [point] : [])),
  },
  {
    what: 'mounts',
    see: 'wc -l </proc/self/mountinfo',
    open: all,
    told: true,
  },
  {
    what: 'devices in /dev',
    see: "find /dev -type c -o -type b | grep -v '^/dev/pts/' | sort | xargs stat -c '%n %a'",
    open: all,
  },
  {
    what: 'devices that open when made',
    see: `for n in 'c 1 3' ${NODES.map((node) => `'${node}'`).join(' ')}; do
      mknod /made $n && { (: </made) 2>&1 | grep -qE 'not permitted|nonexistent' || echo $n; rm -f /made; }; done`,
    open: all,
  },
  {
    what: 'namespaces of the host',
    see: `for n in ${NAMESPACES.join(' ')}; do echo $n $(readlink /proc/self/ns/$n); done`,
    open: (lines) =>
      lines
        .map((line) => line.split(' '))
        .filter(
          ([kind = '', inside]) => inside !== undefined && inside === readlinkSync(`/proc/self/ns/${kind}`),
        )
        .map(([kind = '']) => kind),
  },
  {
    what: 'limits of processes',
    see: "tail -n +2 /proc/self/limits | sed -E 's/ {2,}/\\t/g'",
    open: (lines) => lines.map((line) => line.split('\t').slice(0, 3).join(' ')),
    counted: true,
  },
  {
    what: 'keys of the session that started the engine',
    see: 'for i in 0 1 2 3; do /call/keyring$i; echo $?; done',
    open: (codes) => (codes.join(' ') === ownKeyring() ? ['all'] : []),
    unconfined: true,
  },
  {
    what: 'files made for others to write',
    see: 'umask',
    open: ([mask]) => (mask === '0022' ? [] : [`umask ${mask}`]),
  },
  { what: 'variables', see: "env | cut -d= -f1 | grep -vxE 'SHLVL|PWD' | sort", open: all },
  { what: 'descriptors', see: 'ls /proc/1/fd', open: all },
  {
    what: 'groups',
    see: "sed -n 's/^Groups:\\t//p' /proc/self/status",
    open: ([line = '']) => line.split(' ').filter(Boolean),
  },
  {
    what: 'score for the out-of-memory killer',
    see: 'cat /proc/self/oom_score_adj',
    open: ([score]) => (Number(score) < 0 ? [`${score}`] : []),
  },
  {
    what: 'settings of its network',
    see: 'cd /proc/sys/net/ipv4; for f in ip_unprivileged_port_start ping_group_range; do echo $f $(cat $f); done',
    open: all,
  },
];
