/** What the engine promises of itself and its host. */
import type { DiskUsage, DiskUsageKind } from '../../model/disk-usage.ts';
import type { SystemInfo, SystemVersion } from '../../model/system.ts';

/** What is measured on the disk. */
export interface DiskUsageOptions {
  readonly kinds: readonly DiskUsageKind[];
}

/** What is asked about the engine as a whole. */
export interface System {
  info(): Promise<SystemInfo>;
  version(): Promise<SystemVersion>;
  /** Bytes on the disk by kind of thing. */
  diskUsage(options: DiskUsageOptions): Promise<DiskUsage>;
}
