/** `HostConfig.StorageOpt`: how large a container's writable layer may become. */
import { settingFailure } from '../../../model/failures/setting.ts';
import type { HostConfig } from '../../../model/host-config.ts';
import { readSize } from '../../../model/log-options.ts';

/**
 * In bytes; undefined is as large as the disk. `canLimit`: the storage can hold it to that.
 * @throws InvalidArgument in dockerd's words
 */
export function writableSize({ StorageOpt }: HostConfig, canLimit: boolean): number | undefined {
  const options = Object.entries(StorageOpt ?? {});
  const unknown = options.find(([name]) => name.toLowerCase() !== 'size');
  if (unknown !== undefined) throw settingFailure.storageOptUnknown({ option: unknown[0] });
  const [size] = options;
  if (size === undefined) return undefined;
  if (!canLimit) throw settingFailure.storageOptUnsupported();
  // Below a block nothing could be written at all, and 0 means no limit to the kernel.
  return readSize('', size[1], 1024) || undefined;
}
