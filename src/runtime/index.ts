/** From an OCI bundle to a process and its end. */

export { signalNumber } from '../linux/index.ts';
export { defaultAppArmor } from './apparmor.ts';
export * from './bundle/capabilities.ts';
export * from './bundle/seccomp.ts';
export * from './bundle/spec.ts';
export { type CgroupDriver, type CgroupPlace, cgroupPlace, checkCgroupParent } from './cgroup-place.ts';
export { type CgroupHost, cgroupProcesses, freeze, isFrozen, oomKills, readCgroupHost } from './cgroups.ts';
export { blockRate, devicesAt, hostDevices } from './devices.ts';
export { ExecProcess, startExec } from './exec.ts';
export { killWhole } from './exec-kill.ts';
export { chooseExitSource } from './exits.ts';
export { InputPort } from './input.ts';
export { type LimitSupport, readLimitSupport } from './limit-support.ts';
export { type Measured, Meter } from './meter.ts';
export { type OciRuntime, RuntimeRefused } from './oci.ts';
export type { Follower } from './output/followers.ts';
export { type Line, readLines } from './output/lines.ts';
export { type Chunk, type Loss, readChunks } from './output/reader.ts';
export type { StreamName } from './output/record.ts';
export { DEFAULT_LIMITS, type LogLimits, OutputWriter, type Position } from './output/writer.ts';
export { type ProcessTable, processTable } from './ps.ts';
export {
  copyOwner,
  directoryInRoot,
  furnishRoot,
  kindInRoot,
  makeDirectoryInRoot,
  readInRoot,
} from './rootfs.ts';
export type { ShipPlan, ShipTarget } from './shipping/protocol.ts';
export { isBehind, type Shipment, Shipping } from './shipping/shipping.ts';
export type { SyslogAddress } from './shipping/syslog.ts';
export type { SyslogFormat } from './shipping/syslog-format.ts';
export {
  type Found,
  type Launch,
  type LaunchPlan,
  Supervisor,
  type SupervisorOptions,
} from './supervisor.ts';
export type { Task, TaskEnd, TaskRecord } from './task.ts';
