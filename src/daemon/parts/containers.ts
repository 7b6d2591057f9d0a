/** What the verbs on containers, execs and health checks need, put together once. */
import { mkdirSync, realpathSync } from 'node:fs';
import type { Log } from '../../base/log.ts';
import {
  ContainerNames,
  type ContainersDeps,
  createHealthChecks,
  type ExecDeps,
  hardLimits,
  MountedVolumes,
  settableOomScore,
} from '../../engine/index.ts';
import { hostCapabilities } from '../../runtime/index.ts';
import { cgroupParentOf } from '../identity.ts';
import type { DaemonOptions } from '../options.ts';
import type { Foundations } from './foundations.ts';
import { containerFacts, type HostAbilities } from './host.ts';
import { newId } from './new-id.ts';

/** What the verbs share with the rest of the engine. */
export type Shared = Pick<
  ContainersDeps,
  'background' | 'catalog' | 'directory' | 'images' | 'stopping' | 'volumes'
>;

/** For execs. */
export const execNeeds = (
  options: DaemonOptions,
  foundations: Foundations,
  abilities: HostAbilities,
  { catalog, directory }: Shared,
  log: Log,
  capabilities = hostCapabilities(),
  canRaiseLimits = capabilities.has('CAP_SYS_RESOURCE'),
): ExecDeps & Pick<ContainersDeps, 'facts' | 'log' | 'storage'> => ({
  storage: foundations.storage,
  supervisor: foundations.supervisor,
  networks: foundations.networks,
  events: foundations.events,
  catalog,
  directory,
  execs: new Map(),
  log,
  facts: containerFacts(options, foundations, abilities),
  hostCapabilities: capabilities,
  hardLimits: hardLimits(),
  defaultUlimits: options.defaultUlimits,
  canRaiseLimits,
  settableOomScore: (asked) => (canRaiseLimits ? asked : settableOomScore(asked)),
  newId,
});

/** For containers; their directory on the disk is there afterwards. */
export function containerNeeds(
  options: DaemonOptions,
  { storage, logDrivers, registries }: Foundations,
  shared: Shared,
  execs: ReturnType<typeof execNeeds>,
): ContainersDeps {
  const containersRoot = `${options.dataRoot}/containers`;
  mkdirSync(containersRoot, { recursive: true, mode: 0o710 });
  const dns = { servers: options.dns, search: options.dnsSearch, options: options.dnsOptions };
  return {
    ...execs,
    ...shared,
    dns,
    names: new ContainerNames({ networks: execs.networks, dns }),
    health: createHealthChecks(execs),
    mountedVolumes: new MountedVolumes(storage.volumes),
    containersRoot,
    stagedMountsRoot: `${options.execRoot}/mounts`,
    roots: [realpathSync(options.dataRoot), realpathSync(options.execRoot)],
    cgroupParent: cgroupParentOf(options),
    initPath: options.initPath,
    logDrivers,
    download: (url, signal) => registries.download(url, signal),
    now: () => new Date(),
    random: Math.random,
  };
}
