/** What a container uses of the host, spelled as the newest API spells it. */
import { type Infer, integer, list, map, object, optional, type Schema, string } from '../base/schema.ts';

/** 64 bits without a sign: a `bigint` where a plain number would not be exact. Only answers carry it. */
const counter = (): Schema<number | bigint> & { readonly member: 'required' } => integer('uint64');

/** Processor time, in nanoseconds. */
export const CpuStats = object('CPUStats', {
  cpu_usage: object('CPUUsage', {
    total_usage: counter(),
    /** One a processor; cgroup version 1 only. */
    percpu_usage: optional(list(counter())),
    usage_in_kernelmode: counter(),
    usage_in_usermode: counter(),
  }),
  /** Nanoseconds that all processors of the host have run. */
  system_cpu_usage: optional(counter()),
  online_cpus: optional(integer('uint32')),
  throttling_data: object('ThrottlingData', {
    periods: counter(),
    throttled_periods: counter(),
    throttled_time: counter(),
  }),
});
export type CpuStats = Infer<typeof CpuStats>;

/** Memory, in bytes. */
export const MemoryStats = object('MemoryStats', {
  usage: optional(counter()),
  max_usage: optional(counter()),
  stats: optional(map(counter())),
  failcnt: optional(counter()),
  limit: optional(counter()),
});
export type MemoryStats = Infer<typeof MemoryStats>;

const BlkioEntry = object('BlkioStatEntry', {
  major: counter(),
  minor: counter(),
  op: string(),
  value: counter(),
});
/** One number of one block device. */
export type BlkioEntry = Infer<typeof BlkioEntry>;
/** `null` where the kernel does not tell. */
const entries = () => ({ ...list(BlkioEntry), member: 'blank' as const });

/** Traffic with block devices. */
export const BlkioStats = object('BlkioStats', {
  io_service_bytes_recursive: entries(),
  io_serviced_recursive: entries(),
  io_queue_recursive: entries(),
  io_service_time_recursive: entries(),
  io_wait_time_recursive: entries(),
  io_merged_recursive: entries(),
  io_time_recursive: entries(),
  sectors_recursive: entries(),
});
export type BlkioStats = Infer<typeof BlkioStats>;

/** Traffic of one network interface. */
export const NetworkStats = object('NetworkStats', {
  rx_bytes: counter(),
  rx_packets: counter(),
  rx_errors: counter(),
  rx_dropped: counter(),
  tx_bytes: counter(),
  tx_packets: counter(),
  tx_errors: counter(),
  tx_dropped: counter(),
});
export type NetworkStats = Infer<typeof NetworkStats>;

/** How many processes there are, and may be. */
export const PidsStats = object('PidsStats', { current: optional(counter()), limit: optional(counter()) });
export type PidsStats = Infer<typeof PidsStats>;

/** One measurement, with the one before it. */
export const ContainerStats = object('StatsResponse', {
  id: optional(string()),
  name: optional(string()),
  os_type: optional(string()),
  /** When it was measured. */
  read: string(),
  cpu_stats: CpuStats,
  memory_stats: MemoryStats,
  networks: optional(map(NetworkStats)),
  pids_stats: PidsStats,
  blkio_stats: BlkioStats,
  num_procs: integer('uint32'),
  storage_stats: object('StorageStats', {}),
  /** When the measurement before it was made, and what it said. */
  preread: string(),
  precpu_stats: CpuStats,
});
export type ContainerStats = Infer<typeof ContainerStats>;
