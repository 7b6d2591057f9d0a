/** From an OCI bundle to a process and its end. */

export { signalNumber } from '../linux/index.ts';
export {
  type CgroupHost,
  cgroupProcesses,
  freeze,
  isFrozen,
  oomKills,
  readCgroupHost,
} from './cgroups/cgroups.ts';
export { type LimitSupport, readLimitSupport } from './cgroups/limit-support.ts';
export { type CgroupDriver, type CgroupPlace, cgroupPlace, checkCgroupParent } from './cgroups/location.ts';
export { type Measured, Meter } from './cgroups/meter.ts';
export { chooseExitSource } from './exits/exits.ts';
export { blockRate, devicesAt, hostDevices } from './host/devices.ts';
export { type ProcessTable, processTable } from './host/ps.ts';
export {
  copyOwner,
  directoryInRoot,
  furnishRoot,
  kindInRoot,
  makeDirectoryInRoot,
  readInRoot,
} from './host/rootfs.ts';
export { isBehind, type LogDelivery, LogDrivers } from './log-drivers/log-drivers.ts';
export type { ShipPlan, ShipTarget } from './log-drivers/protocol.ts';
export type { SyslogAddress } from './log-drivers/syslog.ts';
export type { SyslogFormat } from './log-drivers/syslog-format.ts';
export { defaultAppArmor } from './oci/apparmor.ts';
export * from './oci/capabilities.ts';
export { type OciRuntime, RuntimeRefused } from './oci/oci.ts';
export * from './oci/seccomp.ts';
export * from './oci/spec.ts';
export type { Follower } from './output/followers.ts';
export { type Line, readLines } from './output/lines.ts';
export { type Chunk, type Loss, readChunks } from './output/reader.ts';
export type { StreamName } from './output/record.ts';
export { DEFAULT_LIMITS, type LogLimits, OutputWriter, type Position } from './output/writer.ts';
export { InputPort } from './streams/input.ts';
export type { Found } from './tasks/adopt.ts';
export { ExecProcess, startExec } from './tasks/exec.ts';
export { killWhole } from './tasks/exec-kill.ts';
export type { Launch, LaunchPlan } from './tasks/launch.ts';
export { Supervisor } from './tasks/supervisor.ts';
export type { Task, TaskEnd } from './tasks/task.ts';
