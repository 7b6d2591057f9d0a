/** Limits of `HostConfig` in the units of the runtime, and whose devices they speak of. */
import type { HostConfig } from '../../../model/container.ts';
import { settingFailure } from '../../../model/failures/setting.ts';
import { blockRate, type DeviceRate, type DeviceRule, type Limits } from '../../../runtime/index.ts';

/** The period that `NanoCpus` is a share of. */
const NANO_PERIOD_MICROS = 100_000;

/** @throws InvalidArgument for a rate's device that is not there */
export function limitsOf(host: HostConfig): Limits {
  const nano = host.NanoCpus ?? 0;
  const found: Record<string, unknown> = {
    ...memoryLimits(host),
    cpuShares: host.CpuShares || undefined,
    cpuQuotaMicros: nano > 0 ? Math.floor((nano * NANO_PERIOD_MICROS) / 1e9) : host.CpuQuota || undefined,
    cpuPeriodMicros: nano > 0 ? NANO_PERIOD_MICROS : host.CpuPeriod || undefined,
    cpuRealtimePeriodMicros: host.CpuRealtimePeriod || undefined,
    cpuRealtimeRuntimeMicros: host.CpuRealtimeRuntime || undefined,
    cpusetCpus: host.CpusetCpus || undefined,
    cpusetMems: host.CpusetMems || undefined,
    pids: host.PidsLimit !== undefined && host.PidsLimit > 0 ? host.PidsLimit : undefined,
    blkioWeight: host.BlkioWeight || undefined,
    blkioWeightDevices: rates(host.BlkioWeightDevice?.map(({ Path, Weight }) => ({ Path, Rate: Weight }))),
    blkioReadBps: rates(host.BlkioDeviceReadBps),
    blkioWriteBps: rates(host.BlkioDeviceWriteBps),
    blkioReadIops: rates(host.BlkioDeviceReadIOps),
    blkioWriteIops: rates(host.BlkioDeviceWriteIOps),
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined)) as Limits;
}

function memoryLimits(host: HostConfig): Record<string, unknown> {
  return {
    memoryBytes: host.Memory || undefined,
    memorySwapBytes: host.Memory ? host.MemorySwap || undefined : undefined,
    memoryReservationBytes: host.MemoryReservation || undefined,
    memorySwappiness: host.MemorySwappiness,
    oomKillDisable: host.OomKillDisable || undefined,
  };
}

function rates(asked: readonly { Path: string; Rate: number }[] | undefined): DeviceRate[] | undefined {
  return asked?.length ? asked.map(({ Path, Rate }) => blockRate(Path, Rate)) : undefined;
}

const RULE = /^([acb]) ([0-9]{1,10}|\*):([0-9]{1,10}|\*) ([rwm]{1,3})$/;

/** `c 10:200 rwm`. @throws InvalidArgument */
export function readDeviceRule(text: string): DeviceRule {
  const [, type, major, minor, access] = RULE.exec(text) ?? [];
  if (access === undefined) throw settingFailure.deviceRuleInvalid({ text });
  return {
    allow: true,
    type: type as 'a' | 'b' | 'c',
    ...(major === '*' ? {} : { major: Number(major) }),
    ...(minor === '*' ? {} : { minor: Number(minor) }),
    access,
  };
}
