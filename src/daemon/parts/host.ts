/** What the engine must know of the host that it runs on, read once. */
import type { Log } from '../../base/log.ts';
import { type ContainersDeps, DEFAULT_NETWORK, type Host, readHost } from '../../engine/index.ts';
import { canSetMountAttributes } from '../../linux/index.ts';
import { defaultAppArmor, type LimitSupport, readLimitSupport } from '../../runtime/index.ts';
import type { DaemonOptions } from '../options.ts';
import type { Foundations } from './foundations.ts';

/** The host, and what its kernel can do for containers. */
export interface HostAbilities {
  readonly host: Host;
  readonly limits: LimitSupport;
  /** The AppArmor profile of plain containers; undefined: the host has no AppArmor. */
  readonly apparmor: string | undefined;
}

/** Asks the kernel, and loads the AppArmor profile where it is missing. */
export const readAbilities = ({ supervisor, names }: Foundations, log: Log): HostAbilities => ({
  host: readHost(),
  limits: readLimitSupport(supervisor.cgroups, `/${names.cgroup}`),
  apparmor: defaultAppArmor(log),
});

/** What requests for containers are settled by. */
export const containerFacts = (
  options: DaemonOptions,
  { supervisor, networks }: Foundations,
  { host, limits, apparmor }: HostAbilities,
): ContainersDeps['facts'] => ({
  hostname: host.hostname,
  cpus: host.cpus,
  memoryBytes: host.memoryBytes,
  cgroupVersion: supervisor.cgroups.version,
  limits,
  cgroupDriver: options.cgroupDriver,
  apparmor,
  defaults: options,
  runtimes: supervisor.runtimeNames,
  defaultRuntime: options.defaultRuntime,
  logDriver: options.logDriver,
  logOptions: options.logOptions,
  bridge: networks.find(DEFAULT_NETWORK) !== undefined,
  recursiveReadOnly: canSetMountAttributes(),
  cdiSpecDirs: options.cdiSpecDirs,
  ownUserIds: options.idMap !== undefined,
});
