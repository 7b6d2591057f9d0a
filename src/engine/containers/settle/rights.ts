/** Rights, devices and settings of the kernel that a request asks for: each in a form that can do no other harm. Pure. */
import { settingFailure } from '../../../model/failures/setting.ts';
import { type HostConfig, ULIMIT_NAMES, type Ulimit } from '../../../model/host-config.ts';
import { type CgroupDriver, checkCgroupParent } from '../../../runtime/index.ts';
import { networkModeOf } from '../../networks/index.ts';
import { readSecurity } from '../../processes/security.ts';
import { readDeviceRule } from '../plan/limits.ts';

/** What a container may do beyond others, and to what: each in a form that reaches the runtime unharmed. */
export function checkRights(asked: HostConfig, driver: CgroupDriver): void {
  readSecurity(asked.SecurityOpt ?? []);
  for (const rule of asked.DeviceCgroupRules ?? []) readDeviceRule(rule);
  for (const { PathOnHost, PathInContainer, CgroupPermissions } of asked.Devices ?? []) {
    if (!/^[rwm]{0,3}$/.test(CgroupPermissions))
      throw settingFailure.deviceModeInvalid({ mode: CgroupPermissions });
    if (![PathOnHost, PathInContainer || PathOnHost].every(isCleanPath))
      throw settingFailure.devicePathRelative({ path: PathInContainer || PathOnHost });
  }
  for (const path of [...(asked.MaskedPaths ?? []), ...(asked.ReadonlyPaths ?? [])])
    if (!isCleanPath(path)) throw settingFailure.pathRelative({ path });
  const score = asked.OomScoreAdj ?? 0;
  if (score < -1000 || score > 1000) throw settingFailure.oomScoreInvalid({ score });
  if (asked.CgroupParent) checkCgroupParent(driver, asked.CgroupParent);
  asked.Ulimits?.forEach(checkUlimit);
  for (const name of Object.keys(asked.Annotations ?? {})) checkAnnotation(name);
}

/** -1, and every number below it, is no limit. */
function checkUlimit({ Name, Soft, Hard }: Ulimit): void {
  if (!ULIMIT_NAMES.includes(Name)) throw settingFailure.ulimitUnknown({ name: Name });
  if (Hard >= 0 && (Soft < 0 || Soft > Hard))
    throw settingFailure.ulimitSoftAboveHard({ soft: Soft, hard: Hard });
}

/** Absolute, without parents in it or what no path has. */
const isCleanPath = (path: string): boolean =>
  path.startsWith('/') && !path.split('/').includes('..') && !path.includes('\0');

function checkAnnotation(name: string): void {
  if (name === '') throw settingFailure.annotationUnnamed();
  // These speak to the runtime itself: files on the host, filters, handlers.
  if (name.startsWith('run.oci.')) throw settingFailure.annotationReserved({ name });
}

/** Of the kernel's settings for System V IPC those that each IPC namespace has of its own. */
const IPC_SYSCTLS = [
  ...['kernel.msgmax', 'kernel.msgmnb', 'kernel.msgmni', 'kernel.sem', 'kernel.shmall', 'kernel.shmmax'],
  ...['kernel.shmmni', 'kernel.shm_rmid_forced'],
];

/**
 * Only what belongs to a namespace of the container's own may be set. `settled`: with its modes filled in.
 * @throws InvalidArgument in the words of Docker's runtime
 */
export function checkSysctls(settled: HostConfig): void {
  for (const [given, value] of Object.entries(settled.Sysctls ?? {})) {
    // The name becomes a path below /proc/sys, by the runtime's hand.
    if (!/^[A-Za-z0-9_-]+([./][A-Za-z0-9_-]+)+$/.test(given) || value.includes('\0'))
      throw settingFailure.sysctlInvalid({ name: given });
    const why = forbids(given.replaceAll('/', '.'), settled);
    if (why !== undefined) throw settingFailure.sysctlForbidden({ name: given, why });
  }
}

function forbids(name: string, host: HostConfig): string | undefined {
  const { IpcMode, UTSMode } = host;
  if (IPC_SYSCTLS.includes(name) || name.startsWith('fs.mqueue.'))
    return IpcMode === 'host' ? 'is not allowed in the hosts ipc namespace' : undefined;
  if (name.startsWith('net.'))
    return networkModeOf(host).is === 'host' ? 'not allowed in host network namespace' : undefined;
  if (UTSMode !== 'host' && name === 'kernel.domainname') return undefined;
  if (UTSMode !== 'host' && name === 'kernel.hostname')
    return 'is not allowed as it conflicts with the OCI "hostname" field';
  return 'is not in a separate kernel namespace';
}
