/** Limits as a request has them: contradictions refused, what this kernel cannot hold discarded with a warning. Pure. */
import type { HostConfig } from '../../../model/container.ts';
import { settingFailure } from '../../../model/failures/setting.ts';
import type { LimitSupport } from '../../../runtime/index.ts';

/** What this host can hold a container to. */
export interface LimitFacts {
  readonly cpus: number;
  readonly limits: LimitSupport;
}

/** Below this the runtime itself cannot prepare a container; what clients may ask for is the API's to say. */
const MEMORY_BYTES_MIN = 512 << 10;
/** The kernel's greatest number of processors. */
const CPU_NUMBER_MAX = 8192;
/** A page: the kernel takes no longer list at once. */
const SET_CHARS_MAX = 4096;

/** Undefined: what was asked is taken away. */
type Changes = { -readonly [K in keyof HostConfig]: HostConfig[K] | undefined };

/**
 * What of `asked` is to be replaced. `update`: a swap limit may come without the memory limit that stands already.
 * @throws InvalidArgument in dockerd's words
 */
export function settleLimits(
  asked: HostConfig,
  facts: LimitFacts,
  warnings: string[],
  update = false,
): Changes {
  return {
    ...settleMemory(asked, facts.limits, warnings, update),
    ...settleOom(asked, facts.limits, warnings),
    ...settleCpu(asked, facts, warnings),
    ...settleCpusets(asked, facts.limits, warnings),
    ...settleBlockIo(asked, facts.limits, warnings),
  };
}

const lacks = (what: string, discarded: string): string =>
  `Your kernel does not support ${what} or the cgroup is not mounted. ${discarded}`;

function settleMemory(asked: HostConfig, can: LimitSupport, warnings: string[], update: boolean): Changes {
  let limit = asked.Memory ?? 0;
  let swap = asked.MemorySwap ?? 0;
  if (limit !== 0 && limit < MEMORY_BYTES_MIN) throw settingFailure.memoryBelow512k();
  if (limit > 0 && !can.memory) {
    warnings.push(lacks('memory limit capabilities', 'Limitation discarded.'));
    [limit, swap] = [0, -1];
  }
  if (limit > 0 && swap !== -1 && !can.swap) {
    warnings.push(lacks('swap limit capabilities', 'Memory limited without swap.'));
    swap = -1;
  }
  if (limit > 0 && swap > 0 && swap < limit) throw settingFailure.swapBelowMemory();
  if (limit === 0 && swap > 0 && !update) throw settingFailure.swapWithoutMemory();
  return {
    Memory: limit,
    MemorySwap: swap,
    ...settleSwappiness(asked, can, warnings),
    ...settleReservation(asked, limit, can, warnings),
  };
}

function settleSwappiness(asked: HostConfig, can: LimitSupport, warnings: string[]): Changes {
  const swappiness = asked.MemorySwappiness;
  // The command line says -1 for the system's own.
  if (swappiness === undefined || swappiness === -1) return { MemorySwappiness: undefined };
  if (!can.swappiness) {
    warnings.push(lacks('memory swappiness capabilities', 'Memory swappiness discarded.'));
    return { MemorySwappiness: undefined };
  }
  if (swappiness < 0 || swappiness > 100) throw settingFailure.swappinessInvalid({ swappiness });
  return {};
}

function settleReservation(asked: HostConfig, limit: number, can: LimitSupport, warnings: string[]): Changes {
  const reservation = asked.MemoryReservation ?? 0;
  if (reservation > 0 && !can.reservation) {
    warnings.push(lacks('memory soft limit capabilities', 'Limitation discarded.'));
    return { MemoryReservation: 0 };
  }
  if (reservation > 0 && reservation < MEMORY_BYTES_MIN) throw settingFailure.reservationBelow512k();
  if (limit > 0 && reservation > limit) throw settingFailure.memoryBelowReservation();
  return {};
}

function settleOom(asked: HostConfig, can: LimitSupport, warnings: string[]): Changes {
  const changes: Changes = {};
  if (!can.oomKillDisable) {
    if (asked.OomKillDisable)
      warnings.push('Your kernel does not support OomKillDisable. OomKillDisable discarded.');
    changes.OomKillDisable = undefined;
  } else {
    changes.OomKillDisable = asked.OomKillDisable ?? false;
    if (asked.OomKillDisable && (asked.Memory ?? 0) === 0)
      warnings.push(
        'OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.',
      );
  }
  if (asked.PidsLimit !== undefined && !can.pids) {
    if (asked.PidsLimit > 0) warnings.push(lacks('PIDs limit capabilities', 'PIDs limit discarded.'));
    changes.PidsLimit = undefined;
  }
  return changes;
}

function settleCpu(asked: HostConfig, { cpus, limits: can }: LimitFacts, warnings: string[]): Changes {
  const changes: Changes = {};
  const { NanoCpus: nano = 0, CpuPeriod: period = 0, CpuQuota: quota = 0, CpuShares: shares = 0 } = asked;
  if (nano > 0 && period > 0) throw settingFailure.nanoCpusAndPeriod();
  if (nano > 0 && quota > 0) throw settingFailure.nanoCpusAndQuota();
  if (nano > 0 && !can.cpuQuota) throw settingFailure.nanoCpusUnsupported();
  if (nano < 0 || nano > cpus * 1e9) throw settingFailure.cpusOutOfRange({ cpus });
  if (shares < 0) throw settingFailure.cpuSharesInvalid({ shares });
  if (shares > 0 && !can.cpuShares) {
    warnings.push(lacks('CPU shares', 'Shares discarded.'));
    changes.CpuShares = 0;
  }
  if ((period !== 0 || quota !== 0) && !can.cpuQuota) {
    warnings.push('Your kernel does not support CPU CFS scheduler. CPU period/quota discarded.');
    return { ...changes, CpuPeriod: 0, CpuQuota: 0 };
  }
  if (period !== 0 && (period < 1000 || period > 1_000_000)) throw settingFailure.cpuPeriodInvalid();
  if (quota > 0 && quota < 1000) throw settingFailure.cpuQuotaTooSmall();
  if ((asked.CpuPercent ?? 0) > 0) {
    warnings.push('linux does not support CPU percent. Percent discarded.');
    changes.CpuPercent = 0;
  }
  checkRealtime(asked, can);
  return changes;
}

function checkRealtime(
  { CpuRealtimePeriod = 0, CpuRealtimeRuntime = 0 }: HostConfig,
  can: LimitSupport,
): void {
  if (CpuRealtimePeriod === 0 && CpuRealtimeRuntime === 0) return;
  if (!can.cpuRealtime) throw settingFailure.realtimeUnsupported();
  if (CpuRealtimePeriod !== 0 && CpuRealtimeRuntime > CpuRealtimePeriod)
    throw settingFailure.realtimeAbovePeriod();
}

function settleCpusets(asked: HostConfig, can: LimitSupport, warnings: string[]): Changes {
  const { CpusetCpus: cpus = '', CpusetMems: mems = '' } = asked;
  if ((cpus !== '' || mems !== '') && can.cpus === '') {
    warnings.push(lacks('cpuset', 'Cpuset discarded.'));
    return { CpusetCpus: '', CpusetMems: '' };
  }
  const missing = (text: string, what: string, there: string) => {
    const available = readSet(there, what);
    return readSet(text, what).some((wanted) => !available.some((range) => isWithin(wanted, range)));
  };
  if (missing(cpus, 'cpus', can.cpus))
    throw settingFailure.cpusUnavailable({ requested: cpus, available: can.cpus });
  if (missing(mems, 'mems', can.mems))
    throw settingFailure.memoryNodesUnavailable({ requested: mems, available: can.mems });
  return {};
}

type Range = readonly [first: number, last: number];

/** The kernel lists what it has in ranges that neither touch nor overlap: a range that it has is within one of them. */
const isWithin = ([first, last]: Range, there: Range): boolean => first >= there[0] && last <= there[1];

/** `0-3,7` as the kernel lists processors, no range expanded. @throws InvalidArgument */
function readSet(text: string, what: string): readonly Range[] {
  const found: Range[] = [];
  if (text === '') return found;
  if (text.length > SET_CHARS_MAX)
    throw settingFailure.cpusetTooLong({ what, length: text.length, most: SET_CHARS_MAX });
  const fail = (why: string) => settingFailure.cpusetInvalid({ text, what, why });
  for (const range of text.split(',')) {
    const [, first, last = first] = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(range) ?? [];
    if (first === undefined || Number(last) < Number(first)) throw fail(`invalid format: ${text}`);
    if (Number(last) > CPU_NUMBER_MAX)
      throw fail(`value of '${Number(last)}' is out of range, maximum is ${CPU_NUMBER_MAX}`);
    found.push([Number(first), Number(last)]);
  }
  return found;
}

/** What is told of each rate that the kernel cannot hold. */
const RATES = [
  ['BlkioDeviceReadBps', 'BPS Block I/O read limit', 'Block I/O BPS read limit discarded.'],
  ['BlkioDeviceWriteBps', 'BPS Block I/O write limit', 'Block I/O BPS write limit discarded.'],
  ['BlkioDeviceReadIOps', 'IOPS Block read limit', 'Block I/O IOPS read limit discarded.'],
  ['BlkioDeviceWriteIOps', 'IOPS Block write limit', 'Block I/O IOPS write limit discarded.'],
] as const;

function settleBlockIo(asked: HostConfig, can: LimitSupport, warnings: string[]): Changes {
  const changes: Changes = {};
  const weight = asked.BlkioWeight ?? 0;
  if (weight > 0 && !can.blkioWeight) {
    warnings.push(lacks('Block I/O weight', 'Weight discarded.'));
    changes.BlkioWeight = 0;
  } else if (weight > 0 && (weight < 10 || weight > 1000)) throw settingFailure.blkioWeightInvalid();
  if (asked.IOMaximumBandwidth) throw settingFailure.ioMaximumUnsupported({ what: 'bandwidth' });
  if (asked.IOMaximumIOps) throw settingFailure.ioMaximumUnsupported({ what: 'IOPs' });
  if (asked.BlkioWeightDevice?.length && !can.blkioWeightDevice) {
    warnings.push(lacks('Block I/O weight_device', 'Weight-device discarded.'));
    changes.BlkioWeightDevice = [];
  }
  if (!can.blkioThrottle)
    for (const [member, what, discarded] of RATES)
      if (asked[member]?.length) {
        warnings.push(lacks(what, discarded));
        changes[member] = [];
      }
  return changes;
}
