/** Changes limits and the restart policy of a container, running or not. */
import { Failed, inContext } from '../../../base/errors.ts';
import type { HostConfig, UpdateRequest, UpdateResponse } from '../../../model/container.ts';
import { containerContext, containerFailure } from '../../../model/failures/container.ts';
import { limitsSpec, RuntimeRefused, type Supervisor } from '../../../runtime/index.ts';
import type { Container } from '../container.ts';
import { emitContainerEvent } from '../events.ts';
import type { WithEvents, WithFacts, WithLog } from '../needs.ts';
import { limitsOf } from '../plan/limits.ts';
import { readRestartPolicy } from '../settle/host-config.ts';
import { settleLimits } from '../settle/limits.ts';
import { isAlive } from '../state.ts';

/** What an update needs. */
export type UpdateDeps = WithEvents & WithFacts<'cpus' | 'limits'> & WithLog & LimitsDeps;

/** Sets limits of running containers. */
export interface LimitsDeps {
  readonly supervisor: Pick<Supervisor, 'update'>;
}

/** What an update may change, as dockerd documents it; other members of its body have never had an effect. */
const CHANGEABLE = [
  ...(['BlkioWeight', 'CpuShares', 'NanoCpus', 'CpuPeriod', 'CpuQuota', 'CpusetCpus', 'CpusetMems'] as const),
  ...(['CpuRealtimePeriod', 'CpuRealtimeRuntime', 'Memory', 'MemorySwap', 'MemoryReservation'] as const),
  'PidsLimit' as const,
];
/** Rules for single devices: a list takes the place of the one before, also an empty one. */
const DEVICE_RULES = [
  ...(['BlkioWeightDevice', 'BlkioDeviceReadBps', 'BlkioDeviceWriteBps'] as const),
  ...(['BlkioDeviceReadIOps', 'BlkioDeviceWriteIOps'] as const),
];

/** Call it inside the mailbox. @throws InvalidArgument, Conflict, Failed: then all is as before */
export async function updateContainer(
  deps: UpdateDeps,
  container: Container,
  request: UpdateRequest,
): Promise<UpdateResponse> {
  const warnings: string[] = [];
  const asked = { ...request, ...settleLimits(request, deps.facts, warnings, true) };
  const { RestartPolicy } = request;
  if (RestartPolicy?.Name) readRestartPolicy(RestartPolicy);
  try {
    const { record } = container;
    if (record.state.is === 'removing' || record.state.is === 'dead') throw containerFailure.updateGoing();
    const changes = changedLimits(asked as HostConfig);
    checkAgainst(record.hostConfig, changes, RestartPolicy?.Name);
    await apply(deps, container, changes, RestartPolicy?.Name ? { RestartPolicy } : {});
  } catch (error) {
    throw inContext(error, containerContext.update({ id: container.id }));
  }
  emitContainerEvent(deps, container, 'update');
  return { Warnings: warnings };
}

/** Zero and empty mean "leave it", but for the limit of processes, where zero and less mean "none". */
function changedLimits(asked: HostConfig): HostConfig {
  const said = [
    ...CHANGEABLE.filter((name) => (name === 'PidsLimit' ? asked[name] !== undefined : asked[name])),
    ...DEVICE_RULES.filter((name) => asked[name] !== undefined),
  ];
  return Object.fromEntries(said.map((name) => [name, asked[name]]));
}

/** What a change must not contradict of what stands already, in dockerd's words. @throws Conflict */
function checkAgainst(before: HostConfig, changes: HostConfig, policy: string | undefined): void {
  const both = (one: number | undefined, other: number | undefined) => (one ?? 0) > 0 && (other ?? 0) > 0;
  const clash = (why: string) => containerFailure.updateConflicts({ why });
  if (both(changes.NanoCpus, before.CpuPeriod))
    throw clash('Nano CPUs cannot be updated as CPU Period has already been set');
  if (both(changes.NanoCpus, before.CpuQuota))
    throw clash('Nano CPUs cannot be updated as CPU Quota has already been set');
  if (both(changes.CpuPeriod, before.NanoCpus))
    throw clash('CPU Period cannot be updated as NanoCPUs has already been set');
  if (both(changes.CpuQuota, before.NanoCpus))
    throw clash('CPU Quota cannot be updated as NanoCPUs has already been set');
  const swap = before.MemorySwap ?? 0;
  if (changes.Memory && !changes.MemorySwap && changes.Memory > swap)
    throw containerFailure.memoryAboveSwap();
  if (before.AutoRemove && policy !== undefined && policy !== '' && policy !== 'no')
    throw containerFailure.removesItself();
}

/** On record first, and marked until the kernel has it: a daemon that dies between the two does it again. */
async function apply(
  deps: LimitsDeps & WithLog,
  container: Container,
  changes: HostConfig,
  policy: HostConfig,
): Promise<void> {
  const before = container.record.hostConfig;
  const hostConfig = { ...before, ...changes, ...policy };
  const live = isAlive(container.record.state) && Object.keys(changes).length > 0;
  await container.save({ hostConfig, ...(live ? { limitsPending: true } : {}) });
  if (!live) return;
  try {
    await applyLimits(deps, container, changes);
  } catch (error) {
    await container.keep({ hostConfig: before }, deps);
    // Some may be in force already: those that stood before come back.
    await applyLimits(deps, container, changes).catch(() => undefined);
    await container.keep({ limitsPending: false }, deps);
    throw error instanceof RuntimeRefused ? new Failed(error.message, { cause: error }) : error;
  }
  await container.keep({ limitsPending: false }, deps);
}

/**
 * Has the kernel hold the running container to the limits on record. `changes`: which rules for devices are written
 * anew; the others stand, and their device may be gone. @throws RuntimeRefused, InvalidArgument
 */
export async function applyLimits(
  deps: LimitsDeps,
  container: Container,
  changes: HostConfig = container.record.hostConfig,
): Promise<void> {
  const { task, record } = container;
  if (task === undefined) return;
  const { hostConfig } = record;
  const standing = DEVICE_RULES.filter((name) => changes[name] === undefined).map((name) => [name, []]);
  // Swappiness and the killer's rest are set once and never change.
  const {
    memorySwappiness: _s,
    oomKillDisable: _o,
    ...limits
  } = limitsOf({ ...hostConfig, ...Object.fromEntries(standing) });
  const pids = hostConfig.PidsLimit === undefined || hostConfig.PidsLimit > 0 ? {} : { pids: -1 };
  await deps.supervisor.update(task, limitsSpec({ ...limits, ...pids }));
}
