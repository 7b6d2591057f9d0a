/** What decides how commands of a build run. */
import type { HostConfig } from '../../model/host-config.ts';

/** How the containers of a build's RUN steps are limited and connected. */
export type BuildHostConfig = Pick<
  HostConfig,
  | 'Memory'
  | 'MemorySwap'
  | 'CpuShares'
  | 'CpuPeriod'
  | 'CpuQuota'
  | 'CpusetCpus'
  | 'CpusetMems'
  | 'CgroupParent'
  | 'ShmSize'
  | 'Ulimits'
  | 'SecurityOpt'
  | 'ExtraHosts'
  | 'NetworkMode'
>;
