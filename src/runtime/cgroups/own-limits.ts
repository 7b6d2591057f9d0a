/** Limits that runtimes in use do not write, or not rightly: we take them out of the configuration and write them ourselves. */
import { writeFileSync } from 'node:fs';
import { codeOf, Failed } from '../../base/errors.ts';
import { type CgroupHost, cgroupDirectory } from './cgroups.ts';

/** One file of a container's cgroup. */
interface Write {
  /** Of version 1; version 2 has one directory. */
  readonly controller: string;
  readonly file: string;
  readonly text: string;
}
interface Resources {
  readonly pids?: { readonly limit: number };
  readonly blockIO?: {
    readonly weight?: number;
    readonly weightDevice?: readonly {
      readonly major: number;
      readonly minor: number;
      readonly weight: number;
    }[];
  };
}

/**
 * `resources` without what is ours to write, and what that is:
 * weights on version 1, whose files have been bfq's alone since Linux 5.0 (crun before 1.9 looks for CFQ's);
 * the end of a limit of processes, which crun writes as a number that the kernel refuses.
 */
export function takeOwnLimits(
  host: Pick<CgroupHost, 'version'>,
  resources: object,
): { readonly resources: object; readonly writes: readonly Write[] } {
  const { pids, blockIO, ...rest } = resources as Resources;
  const writes: Write[] = [];
  const unlimited = pids !== undefined && pids.limit < 0;
  if (unlimited) writes.push({ controller: 'pids', file: 'pids.max', text: 'max' });
  const kept = { ...rest, ...(pids && !unlimited ? { pids } : {}) };
  if (host.version === 2 || blockIO === undefined)
    return { resources: { ...kept, ...(blockIO ? { blockIO } : {}) }, writes };
  const { weight, weightDevice = [], ...rates } = blockIO;
  if (weight !== undefined)
    writes.push({ controller: 'blkio', file: 'blkio.bfq.weight', text: String(weight) });
  for (const { major, minor, weight: each } of weightDevice)
    writes.push({
      controller: 'blkio',
      file: 'blkio.bfq.weight_device',
      text: `${major}:${minor} ${each}`,
    });
  return { resources: { ...kept, ...(Object.keys(rates).length > 0 ? { blockIO: rates } : {}) }, writes };
}

/** @throws Failed when the kernel refuses a value */
export function writeOwnLimits(host: CgroupHost, path: string, writes: readonly Write[]): void {
  for (const { controller, file, text } of writes)
    try {
      writeFileSync(`${cgroupDirectory(host, path, controller)}/${file}`, text);
    } catch (cause) {
      // A device's weight needs the scheduler bfq on that device.
      throw new Failed(`failed to write "${text}" to ${file}: ${codeOf(cause)}`, { cause });
    }
}
