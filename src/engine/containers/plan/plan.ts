/** A container's record becomes the plan of its bundle. Pure: what must be looked up on the host comes in as facts. */

import type { IdMap } from '../../../base/id-map.ts';
import type { HostConfig } from '../../../model/container.ts';
import { type BundlePlan, capabilitiesFor, type Limits, type Namespace } from '../../../runtime/index.ts';
import { networkModeOf } from '../../networks/index.ts';
import { environment } from '../../processes/environment.ts';
import { type LimitRights, oomScoreOf, rlimitsOf } from '../../processes/rlimits.ts';
import { apparmorOf, readSecurity, type SecurityDefaults, seccompOf } from '../../processes/security.ts';
import type { ResolvedUser } from '../../processes/user.ts';
import type { GivenDevices } from '../devices/given.ts';
import type { ContainerRecord } from '../record.ts';
import { readDeviceRule } from './limits.ts';
import { INIT_PATH, type MountingFacts, planMounting } from './mounting.ts';

/** What is known only when the container starts. */
export interface StartFacts extends MountingFacts, LimitRights {
  readonly rootfs: string;
  readonly user: ResolvedUser;
  readonly network: Namespace;
  /** What is told of containers that it links to. */
  readonly linkVariables: readonly string[];
  /** Of another container, when it joins one. */
  readonly pid: Namespace;
  /** `host`: its ids are the host's. */
  readonly userNamespace: Namespace;
  readonly map: IdMap | undefined;
  readonly devices: GivenDevices;
  readonly limits: Limits;
  readonly security: SecurityDefaults;
  /** The AppArmor profile of plain containers; undefined: the host has no AppArmor. */
  readonly apparmor: string | undefined;
  readonly hostCapabilities: ReadonlySet<string>;
  /** `linux.cgroupsPath`. */
  readonly cgroup: string;
}

/** The plan, and what its client should be warned of. */
export function planBundle(
  record: ContainerRecord,
  facts: StartFacts,
): { plan: BundlePlan; warnings: string[] } {
  const { config, hostConfig: host } = record;
  const { devices: given } = facts;
  const warnings: string[] = [];
  const security = readSecurity(host.SecurityOpt ?? [], facts.security);
  const privileged = host.Privileged ?? false;
  const caps = capabilitiesFor(
    { add: host.CapAdd ?? [], drop: host.CapDrop ?? [], privileged },
    facts.hostCapabilities,
  );
  if (caps.missing.length > 0) warnings.push(`this host cannot give ${caps.missing.join(', ')}`);
  const seccomp = seccompOf(security.seccomp, facts.security.seccomp, privileged, caps.set);
  const apparmorProfile = apparmorOf(security.apparmor, facts.apparmor, privileged);
  const writableCgroups = security.writableCgroups ?? privileged;
  const ownNames = host.UTSMode !== 'host';
  const oomScore = oomScoreOf(host, facts, warnings);
  const plan: BundlePlan = {
    rootfs: facts.rootfs,
    readonlyRootfs: host.ReadonlyRootfs ?? false,
    args: [...(facts.init ? [INIT_PATH, '--'] : []), record.path, ...record.args],
    env: over(environment(config, facts.user.home, facts.linkVariables), given.env, nameOfVariable),
    cwd: config.WorkingDir || '/',
    user: { ...facts.user, additionalGids: [...facts.user.additionalGids, ...given.gids] },
    terminal: config.Tty ?? false,
    ...consoleSize(host),
    ...(ownNames && config.Hostname ? { hostname: config.Hostname } : {}),
    ...(ownNames && config.Domainname ? { domainname: config.Domainname } : {}),
    capabilities: caps.set,
    noNewPrivileges: security.noNewPrivileges,
    rlimits: rlimitsOf(host, facts, warnings),
    oomScoreAdj: oomScore,
    ...(seccomp ? { seccomp } : {}),
    ...(apparmorProfile ? { apparmorProfile } : {}),
    mounts: over(
      planMounting(record, facts, writableCgroups),
      given.mounts,
      ({ destination }) => destination,
    ),
    ...rootPropagation(record),
    namespaces: {
      pid: facts.pid,
      network: facts.network,
      ipc: facts.ipc,
      uts: ownNames ? 'private' : 'host',
      cgroup: host.CgroupnsMode === 'private' ? 'private' : 'host',
      user: facts.userNamespace,
    },
    ...(facts.map === undefined ? {} : { map: facts.map }),
    privileged,
    devices: given.nodes,
    deviceRules: (host.DeviceCgroupRules ?? []).map(readDeviceRule),
    limits: facts.limits,
    cgroupsPath: facts.cgroup,
    sysctls: { ...networkSysctls(facts, host), ...host.Sysctls },
    maskedPaths: privileged ? [] : (host.MaskedPaths ?? []),
    readonlyPaths: privileged ? [] : (host.ReadonlyPaths ?? []),
    annotations: host.Annotations ?? {},
    hooks: given.hooks,
  };
  return { plan, warnings };
}

const nameOfVariable = (entry: string): string => entry.split('=', 1)[0] ?? '';

/** What devices bring takes the place of what goes by the same key. */
function over<T>(list: readonly T[], more: readonly T[], key: (each: T) => string): T[] {
  const taken = new Set(more.map(key));
  return [...list.filter((each) => !taken.has(key(each))), ...more];
}

/** The root itself must let through what its mounts are to send or receive. */
function rootPropagation({ mounts }: ContainerRecord): Pick<BundlePlan, 'rootfsPropagation'> {
  const words = mounts.map(({ point }) => point.Propagation ?? '');
  if (words.some((word) => word.includes('shared'))) return { rootfsPropagation: 'shared' };
  return words.some((word) => word.includes('slave')) ? { rootfsPropagation: 'rslave' } : {};
}

/**
 * In a network of its own any user may listen on low ports and ping, as Docker sets it up since 20.10. A user namespace
 * has no id for every group of that range, and the kernel wants both ends: there nobody pings without its capability.
 */
function networkSysctls({ network, map }: StartFacts, host: HostConfig): Record<string, string> {
  if (network === 'host' || networkModeOf(host).is === 'container') return {};
  return {
    'net.ipv4.ip_unprivileged_port_start': '0',
    ...(map === undefined && { 'net.ipv4.ping_group_range': '0 2147483647' }),
  };
}

function consoleSize(host: HostConfig): Pick<BundlePlan, 'consoleSize'> {
  const [rows = 0, columns = 0] = host.ConsoleSize ?? [];
  return rows > 0 && columns > 0 ? { consoleSize: { rows, columns } } : {};
}
