/** From an OCI bundle to a process and its end. */

export { signalNumber } from '../linux/index.ts';
export { type CgroupHost, cgroupProcesses, freeze, isFrozen, readCgroupHost } from './cgroups/cgroups.ts';
export { type LimitSupport, readLimitSupport } from './cgroups/limit-support.ts';
export { type CgroupDriver, type CgroupPlace, cgroupPlace, checkCgroupParent } from './cgroups/location.ts';
export { type Measured, Meter } from './cgroups/meter.ts';
export { chooseExitSource } from './exits/exits.ts';
export { blockRate, devicesAt, hostDevices } from './host/devices.ts';
export { type ProcessTable, processTable } from './host/ps.ts';
export {
  directoryInRoot,
  furnishRoot,
  kindInRoot,
  makeDirectoryInRoot,
  makeFilesInRoot,
  placesInRoot,
  readInRoot,
} from './host/rootfs.ts';
export type { DescriptorStore } from './keeper/keeper.ts';
export type { LogDelivery } from './log-drivers/delivery.ts';
export type { GelfTarget } from './log-drivers/gelf.ts';
export { isBehind, LogDrivers } from './log-drivers/log-drivers.ts';
export type { ShipTarget } from './log-drivers/protocol.ts';
export type { SyslogAddress } from './log-drivers/syslog.ts';
export type { SyslogFormat } from './log-drivers/syslog-format.ts';
export { defaultAppArmor } from './oci/apparmor.ts';
export * from './oci/capabilities.ts';
export { type OciRuntime, RuntimeRefused } from './oci/oci.ts';
export * from './oci/seccomp.ts';
export * from './oci/spec.ts';
export { type Line, readLines } from './output/lines.ts';
export { type Loss, readChunks } from './output/reader.ts';
export type { StreamName } from './output/record.ts';
export { DEFAULT_LIMITS, type LogLimits, OutputWriter } from './output/writer.ts';
export { ExaminedRuns } from './tasks/examine.ts';
export { ExecProcess, startExec } from './tasks/exec.ts';
export { killWhole } from './tasks/exec-kill.ts';
export { Supervisor } from './tasks/supervisor.ts';
export type { Task, TaskEnd } from './tasks/task.ts';
