/** What the processes of a cgroup have used so far, from the files of the kernel's controllers. */
import { readFile } from 'node:fs/promises';
import type {
  BlkioEntry,
  BlkioStats,
  CpuStats,
  MemoryStats,
  NetworkStats,
  PidsStats,
} from '../../model/stats.ts';
import type { CgroupHost } from './cgroups.ts';
import { type Count, count, keyed, MeterFiles } from './meter-files.ts';

/** One reading, in the words of the API's statistics. */
export interface Measured {
  readonly cpu_stats: CpuStats;
  readonly memory_stats: MemoryStats;
  readonly pids_stats: PidsStats;
  readonly blkio_stats: BlkioStats;
  /** By interface; empty without a network of its own. */
  readonly networks: Readonly<Record<string, NetworkStats>>;
}

/** Whose use is measured. */
export interface MeterOptions {
  readonly cgroups: CgroupHost;
  readonly cgroupPath: string;
  /** A process in the container's network, when it has one of its own. */
  readonly networkPid: number | undefined;
}

const TICK_NANOS = 10_000_000;

/** Holds the files of one run open; close it after. */
export class Meter {
  readonly #files = new MeterFiles();
  readonly #options: MeterOptions;

  constructor(options: MeterOptions) {
    this.#options = options;
  }

  async read(): Promise<Measured> {
    const { version } = this.#options.cgroups;
    const [controllers, host, networks] = await Promise.all([
      version === 2 ? this.#unified() : this.#separate(),
      this.#host(),
      this.#networks(),
    ]);
    return { ...controllers, cpu_stats: { ...controllers.cpu_stats, ...host }, networks };
  }

  close(): Promise<void> {
    return this.#files.close();
  }

  #file(controller: string, name: string): Promise<string> {
    const mount = this.#options.cgroups.mounts.get(controller);
    if (mount === undefined) return Promise.resolve('');
    return this.#files.read(`${mount}${this.#options.cgroupPath}/${name}`);
  }

  /** Version 1: a hierarchy a controller. */
  async #separate() {
    const of = (controller: string, ...names: string[]) =>
      Promise.all(names.map((name) => this.#file(controller, name)));
    const [cpu, [throttling], memory, pids, blkio] = await Promise.all([
      of('cpuacct', 'cpuacct.usage', 'cpuacct.usage_percpu', 'cpuacct.stat'),
      of('cpu', 'cpu.stat'),
      of(
        'memory',
        'memory.usage_in_bytes',
        'memory.max_usage_in_bytes',
        'memory.failcnt',
        'memory.limit_in_bytes',
        'memory.stat',
      ),
      of('pids', 'pids.current', 'pids.max'),
      this.#blockIo(),
    ]);
    return {
      cpu_stats: cpuOfVersion1(cpu, throttling ?? ''),
      memory_stats: memoryOfVersion1(memory),
      pids_stats: pidsOf(pids),
      blkio_stats: blkio,
    };
  }

  /** The scheduler's own counters where it has them (CFQ of old kernels, BFQ), else those of throttling. */
  async #blockIo(): Promise<BlkioStats> {
    const read = async (name: string) => blockEntries(await this.#file('blkio', name));
    const own = await read('blkio.io_serviced_recursive');
    if (own.length === 0) {
      const [bytes, serviced] = await Promise.all([
        read('blkio.throttle.io_service_bytes_recursive'),
        read('blkio.throttle.io_serviced_recursive'),
      ]);
      return { ...NO_BLOCK_IO, io_service_bytes_recursive: bytes, io_serviced_recursive: serviced };
    }
    const [bytes, queued, time, wait, merged, total, sectors] = await Promise.all([
      read('blkio.io_service_bytes_recursive'),
      read('blkio.io_queued_recursive'),
      read('blkio.io_service_time_recursive'),
      read('blkio.io_wait_time_recursive'),
      read('blkio.io_merged_recursive'),
      read('blkio.time_recursive'),
      read('blkio.sectors_recursive'),
    ]);
    return {
      io_service_bytes_recursive: bytes,
      io_serviced_recursive: own,
      io_queue_recursive: queued,
      io_service_time_recursive: time,
      io_wait_time_recursive: wait,
      io_merged_recursive: merged,
      io_time_recursive: total,
      sectors_recursive: sectors,
    };
  }

  /** Version 2: one hierarchy. */
  async #unified() {
    const [cpu = '', current, limit, stat, events, io, ...pids] = await Promise.all(
      [
        'cpu.stat',
        'memory.current',
        'memory.max',
        'memory.stat',
        'memory.events',
        'io.stat',
        'pids.current',
        'pids.max',
      ].map((name) => this.#file('', name)),
    );
    return {
      cpu_stats: cpuOfVersion2(cpu),
      memory_stats: memoryOfVersion2(current ?? '', limit ?? '', stat ?? '', events ?? ''),
      pids_stats: pidsOf(pids),
      blkio_stats: { io_service_bytes_recursive: unifiedBlockEntries(io ?? '') },
    };
  }

  async #host(): Promise<Pick<CpuStats, 'system_cpu_usage' | 'online_cpus'>> {
    return hostCpu(await this.#files.read('/proc/stat'));
  }

  async #networks(): Promise<Record<string, NetworkStats>> {
    const { networkPid } = this.#options;
    if (networkPid === undefined) return {};
    // Not kept open: that would keep the network namespace alive behind its last process.
    return interfaces(await readFile(`/proc/${networkPid}/net/dev`, 'latin1').catch(() => ''));
  }
}

const NO_BLOCK_IO: BlkioStats = {
  io_service_bytes_recursive: [],
  io_serviced_recursive: [],
  io_queue_recursive: [],
  io_service_time_recursive: [],
  io_wait_time_recursive: [],
  io_merged_recursive: [],
  io_time_recursive: [],
  sectors_recursive: [],
};

function cpuOfVersion1([usage = '', each = '', stat = '']: readonly string[], throttling: string): CpuStats {
  const [modes, throttled] = [keyed(stat), keyed(throttling)];
  const ticks = (name: string) => Number(count(modes.get(name))) * TICK_NANOS;
  return {
    cpu_usage: {
      total_usage: count(usage.trim()),
      percpu_usage: each.trim().split(/\s+/).filter(Boolean).map(count),
      usage_in_kernelmode: ticks('system'),
      usage_in_usermode: ticks('user'),
    },
    throttling_data: {
      periods: count(throttled.get('nr_periods')),
      throttled_periods: count(throttled.get('nr_throttled')),
      throttled_time: count(throttled.get('throttled_time')),
    },
  };
}

function cpuOfVersion2(text: string): CpuStats {
  const stat = keyed(text);
  const micros = (name: string) => Number(count(stat.get(name))) * 1000;
  return {
    cpu_usage: {
      total_usage: micros('usage_usec'),
      usage_in_kernelmode: micros('system_usec'),
      usage_in_usermode: micros('user_usec'),
    },
    throttling_data: {
      periods: count(stat.get('nr_periods')),
      throttled_periods: count(stat.get('nr_throttled')),
      throttled_time: micros('throttled_usec'),
    },
  };
}

/** What clients of version 1 know by name, in the container itself and, as `total_…`, with everything below. */
const OF_MEMORY_1 =
  'cache rss rss_huge mapped_file dirty writeback pgpgin pgpgout pgfault pgmajfault inactive_anon active_anon inactive_file active_file unevictable'.split(
    ' ',
  );
const STAT_OF_MEMORY_1 = [
  ...OF_MEMORY_1,
  'hierarchical_memory_limit',
  'hierarchical_memsw_limit',
  ...OF_MEMORY_1.map((name) => `total_${name}`),
];
const STAT_OF_MEMORY_2 = (
  'anon file kernel_stack slab sock shmem file_mapped file_dirty file_writeback anon_thp inactive_anon active_anon inactive_file active_file ' +
  'unevictable slab_reclaimable slab_unreclaimable pgfault pgmajfault workingset_refault workingset_activate workingset_nodereclaim pgrefill ' +
  'pgscan pgsteal pgactivate pgdeactivate pglazyfree pglazyfreed thp_fault_alloc thp_collapse_alloc'
).split(' ');

const picked = (names: readonly string[], text: string): Record<string, Count> => {
  const stat = keyed(text);
  return Object.fromEntries(names.map((name) => [name, count(stat.get(name))]));
};

/** What is zero is left out. */
const unlessZero = <K extends string>(members: Readonly<Record<K, Count>>): { readonly [M in K]?: Count } =>
  Object.fromEntries(Object.entries<Count>(members).filter(([, value]) => value !== 0)) as {
    readonly [M in K]?: Count;
  };

function memoryOfVersion1([usage, most, failures, limit, stat = '']: readonly string[]): MemoryStats {
  return {
    ...unlessZero({
      usage: count(usage?.trim()),
      max_usage: count(most?.trim()),
      failcnt: count(failures?.trim()),
      limit: count(limit?.trim()),
    }),
    ...(stat === '' ? {} : { stats: picked(STAT_OF_MEMORY_1, stat) }),
  };
}

function memoryOfVersion2(current: string, limit: string, stat: string, events: string): MemoryStats {
  return {
    ...unlessZero({
      usage: count(current.trim()),
      failcnt: count(keyed(events).get('oom')),
      limit: limit.trim() === 'max' ? NO_LIMIT : count(limit.trim()),
    }),
    ...(stat === '' ? {} : { stats: picked(STAT_OF_MEMORY_2, stat) }),
  };
}

/** How version 1 spells that there is none. */
const NO_LIMIT = (1n << 63n) - 4096n;

const pidsOf = ([current = '', limit = '']: readonly string[]): PidsStats =>
  unlessZero({ current: count(current.trim()), limit: count(limit.trim()) });

/** `8:0 Read 4096`; the sum over all devices has no device. */
function blockEntries(text: string): BlkioEntry[] {
  return [...text.matchAll(/^(\d+):(\d+) (?:(\w+) )?(\d+)$/gm)].map(([, major, minor, op = '', value]) => ({
    major: Number(major),
    minor: Number(minor),
    op,
    value: count(value),
  }));
}

/** `8:0 rbytes=4096 wbytes=0 rios=1 …` */
function unifiedBlockEntries(text: string): BlkioEntry[] {
  return [...text.matchAll(/^(\d+):(\d+) (.*)$/gm)].flatMap(([, major, minor, rest = '']) => {
    const amount = (name: string) => count(new RegExp(`\\b${name}=(\\d+)`).exec(rest)?.[1]);
    const device = { major: Number(major), minor: Number(minor) };
    return [
      { ...device, op: 'read', value: amount('rbytes') },
      { ...device, op: 'write', value: amount('wbytes') },
    ];
  });
}

/** proc(5), `/proc/stat`: user, nice, system, idle, iowait, irq and softirq; guests are counted as user already. */
function hostCpu(text: string): { system_cpu_usage: number; online_cpus: number } {
  const [, all = ''] = /^cpu +(.*)$/m.exec(text) ?? [];
  const ticks = all
    .split(' ')
    .slice(0, 7)
    .reduce((sum, each) => sum + Number(each), 0);
  return { system_cpu_usage: ticks * TICK_NANOS, online_cpus: [...text.matchAll(/^cpu\d+ /gm)].length };
}

/** The interfaces that the engine gave; others are the container's own affair. */
function interfaces(text: string): Record<string, NetworkStats> {
  const found: Record<string, NetworkStats> = {};
  for (const [, name = '', numbers = ''] of text.matchAll(/^\s*(eth\d+):\s*(.*)$/gm)) {
    const at = numbers.trim().split(/\s+/);
    found[name] = {
      rx_bytes: count(at[0]),
      rx_packets: count(at[1]),
      rx_errors: count(at[2]),
      rx_dropped: count(at[3]),
      tx_bytes: count(at[8]),
      tx_packets: count(at[9]),
      tx_errors: count(at[10]),
      tx_dropped: count(at[11]),
    };
  }
  return found;
}
