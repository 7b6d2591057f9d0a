/** What is told of the engine and its host, and what tells it. */
import type { Proxies } from '../../registry/index.ts';
import type { CgroupDriver, CgroupHost, LimitSupport, OciRuntime } from '../../runtime/index.ts';
import type { Directory } from '../containers/directory.ts';
import type { NewEvent } from '../events/events.ts';
import type { DiskUsageDeps } from './disk-usage.ts';
import type { Host } from './host.ts';

/** What the verbs on the system need. */
export interface SystemDeps {
  readonly host: Host;
  readonly cgroups: CgroupHost;
  readonly directory: Directory;
  readonly imageCount: () => Promise<number>;
  readonly listeners: () => number;
  readonly engine: {
    readonly id: string;
    readonly version: string;
    readonly apiVersion: string;
    readonly minApiVersion: string;
    readonly gitCommit: string;
    readonly buildTime: string;
  };
  /** Where clients reach the engine, as `-H` says it. */
  readonly hosts: readonly string[];
  readonly limits: LimitSupport;
  readonly cgroupDriver: CgroupDriver;
  /** Undefined: the host has no init for containers. */
  readonly initPath: string | undefined;
  /** Where devices are described. */
  readonly cdiSpecDirs: readonly string[];
  /** What holds the rules of networks; undefined: nothing does. */
  readonly firewall: string | undefined;
  /** Where networks take their subnets from; empty: the usual ones. */
  readonly addressPools: readonly { readonly Base: string; readonly Size: number }[];
  readonly securityOptions: readonly string[];
  readonly storage: { readonly driver: string; readonly root: string; readonly backing: () => string };
  readonly runtimes: readonly OciRuntime[];
  readonly defaultRuntime: string;
  readonly runtimeVersion: () => Promise<string>;
  readonly logDriver: string;
  readonly labels: readonly string[];
  readonly debug: boolean;
  readonly registry: {
    readonly mirrors: readonly string[];
    readonly insecure: readonly string[];
    readonly proxies: Proxies;
  };
  /** What `info` warns of, as it stands. */
  readonly warnings: () => readonly string[];
  readonly now: () => Date;
  readonly usage: DiskUsageDeps;
  readonly events: { emit(event: NewEvent): void };
}
