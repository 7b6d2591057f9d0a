/** What clients said in Config before it moved to HostConfig: their HostConfig at start never spoke of it. */
import type { HostConfig } from '../../../model/container.ts';

type Members = readonly (keyof HostConfig)[];

export const below1_18: Members = ['Memory', 'MemorySwap', 'CpuShares', 'CpusetCpus'];
export const below1_10: Members = [...below1_18, 'Dns', 'VolumesFrom'];
export const below1_7: Members = [...below1_10, 'Privileged'];
export const below1_6: Members = [...below1_7, 'PortBindings'];
