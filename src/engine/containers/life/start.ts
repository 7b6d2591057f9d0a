/** Starts a container: root, network, files, plan, process. The column of steps is the order on the kernel. */

import { rootOf } from '../../../base/id-map.ts';
import { undoUnlessDone } from '../../../base/lifetime.ts';
import { formatNanos, nowNanos } from '../../../base/time.ts';
import { asRootOf } from '../../../linux/index.ts';
import { containerFailure } from '../../../model/failures/container.ts';
import {
  type BundlePlan,
  bundleSpec,
  furnishRoot,
  makeDirectoryInRoot,
  placesInRoot,
  type Task,
} from '../../../runtime/index.ts';
import { ownEndpoints } from '../../networks/index.ts';
import type { LimitRights } from '../../processes/rlimits.ts';
import { type StartFailed, translateStartError } from '../../processes/start-error.ts';
import { userInRoot } from '../../processes/user-in-root.ts';
import type { Container } from '../container.ts';
import { givenDevices } from '../devices/given.ts';
import { emitContainerEvent, emitNetworkEvents } from '../events.ts';
import { requireHostAnswers } from '../host-paths.ts';
import { tellLinking } from '../links/follow.ts';
import { defaultEndpoint, requireLinks } from '../links/links.ts';
import { openLinks } from '../links/openings.ts';
import { hostsOf, variablesOf } from '../links/tell.ts';
import { type LogDriverDeps, startLogDelivery, stopLogDelivery } from '../logs/driver.ts';
import { openLog } from '../logs/files.ts';
import { requireFilePlaces } from '../mounts/covered.ts';
import { attachMounts, type MountsDeps } from '../mounts/mounted.ts';
import { makeMountPlaces } from '../mounts/places.ts';
import { checkPropagation } from '../mounts/propagation.ts';
import { openSources, type Sources, type SourcesDeps } from '../mounts/sources.ts';
import { recordCovered } from '../mounts/tmpfs-root.ts';
import type { WithFacts, WithSupervisor } from '../needs.ts';
import { type CgroupDeps, cgroupOf } from '../plan/cgroup.ts';
import { limitsOf } from '../plan/limits.ts';
import { engineFiles, type MountingFacts } from '../plan/mounting.ts';
import { joinedNamespaces, sharedMemoryOf, sharesMemory } from '../plan/namespaces.ts';
import { type NetworkFilesDeps, networkOwner, writeNetworkFiles } from '../plan/network-files.ts';
import { planBundle } from '../plan/plan.ts';
import { userNamespaceFor } from '../plan/user-namespace.ts';
import { type ContainerMount, NO_SANDBOX, type SandboxRecord } from '../record.ts';
import { assertAllowed, type LastRun, type State } from '../state.ts';
import { type EndDeps, watchEnd } from './exit.ts';
import { adoptedBefore } from './joins.ts';
import { removeContainer } from './remove.ts';
import { enterSandbox } from './sandbox.ts';

/** What a start needs. */
export type StartDeps = CgroupDeps &
  EndDeps &
  LogDriverDeps &
  MountsDeps &
  NetworkFilesDeps &
  SourcesDeps &
  WithFacts &
  WithSupervisor &
  LimitRights & {
    readonly hostCapabilities: ReadonlySet<string>;
    /** The program that `Init` asks for; undefined: the host has none. */
    readonly initPath: string | undefined;
  };

/** Call it inside the container's mailbox. @throws Unchanged, Conflict, StartFailed: then the state is as before, with the reason */
export async function startContainer(deps: StartDeps, container: Container): Promise<void> {
  container.dropRestart();
  assertAllowed(container.record.state, 'start', container.id);
  await container.cleanup;
  await adoptedBefore(deps, container);
  const before = container.record.state;
  const ender = new AbortController();
  container.startEnder = ender;
  try {
    const task = await run(deps, container, ender.signal);
    container.task = task;
    container.set({
      state: { ...(container.record.state as Extract<State, { is: 'running' }>), pid: task.pid },
    });
    container.notifyStart(task);
    emitNetworkEvents(deps, container, ownEndpoints(container.record), 'connect');
    emitContainerEvent(deps, container, 'start');
    deps.health.begin(container, { fresh: true });
    watchEnd(deps, container, task, (again) => startContainer(deps, again));
  } catch (error) {
    throw await failed(deps, container, before, error);
  } finally {
    container.startEnder = undefined;
  }
}

/** The state before comes back, with what went wrong; followers end, because nothing will come. */
async function failed(
  deps: StartDeps,
  container: Container,
  before: State,
  error: unknown,
): Promise<StartFailed> {
  const failure = translateStartError(error, container.record.path);
  const last: LastRun = {
    ...before.last,
    exitCode: failure.exitCode,
    error: failure.message,
    oomKilled: false,
  };
  const state: State = before.is === 'created' ? { is: 'created', last } : { is: 'exited', last };
  await container.keep({ state, ...NO_SANDBOX }, deps);
  container.writer?.finish();
  container.writer = undefined;
  container.notifyStart(undefined);
  container.notifyExit({ exitCode: failure.exitCode, error: failure.message });
  // Whoever asked for a container that removes itself does not come back for one that never ran.
  if (container.record.hostConfig.AutoRemove)
    await removeContainer(deps, container, { force: false, volumes: true });
  return failure;
}

/** `signal` ends what waits for the host or for the runtime. */
function run(deps: StartDeps, container: Container, signal: AbortSignal): Promise<Task> {
  return undoUnlessDone(async (undo) => {
    takeNames(deps, container);
    deps.supervisor.announceStart();
    const rootfs = deps.storage.layers.mount(container.id);
    undo.defer(() => deps.storage.layers.unmount(container.id));
    await attachMounts(deps, container, undo);
    await requireHostAnswers(deps, container.record, signal);
    const sources = openSources(deps, container);
    using _released = { [Symbol.dispose]: () => sources.release() };
    checkPropagation(container.record.mounts, sources.byDestination, deps.roots);
    const map = deps.storage.layers.mappedIds(container.id)?.map;
    const { WorkingDir } = container.record.config;
    asRootOf(map, () => {
      furnishRoot(rootfs);
      if (WorkingDir) makeDirectoryInRoot(rootfs, WorkingDir, rootOf(map));
    });
    await recordCovered(container, rootfs, sources.byDestination, map);
    const { record } = container;
    asRootOf(map, () => makeMountPlaces(rootfs, record.mounts, sources.byDestination, rootOf(map)));
    const sandbox = await enterSandbox(deps, container, undo);
    tellLinking(deps, container, defaultEndpoint(deps, sandbox));
    const user = userInRoot(rootfs, record.config.User ?? '', record.hostConfig.GroupAdd ?? []);
    using held = new DisposableStack();
    const userNamespace = userNamespaceFor(deps, container, sandbox.sandboxId, held);
    const found = startFacts(deps, container, sandbox, sources);
    const places = placesOf(rootfs, record.mounts, found);
    requireFilePlaces(engineFiles(found), record.mounts, sources.byDestination, places);
    const devices = await givenDevices(record.hostConfig, { ...deps.facts, uid: user.uid });
    const facts = {
      ...found,
      ...{ rootfs: sources.reachable(rootfs, false), userNamespace, map },
      ...{ user, devices, sources: sources.byDestination, places },
    };
    const { plan, warnings } = planBundle(record, facts);
    for (const warning of warnings) deps.log.warn('container.degraded', { id: record.id, warning });
    container.writer ??= openLog(deps, container);
    await startLogDelivery(deps, container);
    undo.defer(() => stopLogDelivery(container));
    // On record before the process runs; the writing goes on while the runtime prepares.
    const saved = container.save({
      state: {
        is: 'running',
        startedAt: formatNanos(nowNanos()),
        pid: 0,
        boot: deps.supervisor.boot,
        last: record.state.last,
      },
      stoppedByUser: false,
      ...(record.restartWanted && { restartWanted: false }),
      ...sandbox,
    });
    const launching = deps.supervisor.launch(launchPlan(deps, container, plan), signal);
    const launch = await settledBoth(launching, saved, (prepared) => undo.defer(() => prepared.undo()));
    await openLinks(deps, container);
    await launch.go();
    return launch.task;
  });
}

/** Where mounts and the engine's own files really lie; without mounts nothing can be in their way. */
function placesOf(
  rootfs: string,
  mounts: readonly ContainerMount[],
  facts: Pick<MountingFacts, 'files' | 'init'>,
): Map<string, string> {
  if (mounts.length === 0) return new Map();
  const destinations = [
    ...mounts.map(({ point }) => point.Destination),
    ...engineFiles(facts).map(({ destination }) => destination),
  ];
  return placesInRoot(rootfs, destinations);
}

/** In another container's network it has that one's names, as dockerd has it; they go on record with the start. */
function takeNames(deps: StartDeps, container: Container): void {
  const { Hostname = '', Domainname = '' } = networkOwner(deps, container).config;
  container.set({ config: { ...container.record.config, Hostname, Domainname } });
}

/** Waits for both, so that an undo never runs beside a write of what it undoes. @throws the first failure; `made` is told all the same */
async function settledBoth<T>(
  making: Promise<T>,
  writing: Promise<void>,
  made: (value: T) => void,
): Promise<T> {
  await Promise.allSettled([making, writing]);
  const value = await making;
  made(value);
  await writing;
  return value;
}

function launchPlan(deps: StartDeps, container: Container, plan: BundlePlan) {
  const { config, hostConfig, id } = container.record;
  const writer = container.writer;
  if (writer === undefined) throw new Error('a container starts with its log open');
  return {
    id,
    runtime: hostConfig.Runtime ?? deps.facts.defaultRuntime,
    spec: bundleSpec(plan),
    terminal: plan.terminal,
    openStdin: config.OpenStdin ?? false,
    cgroupPath: cgroupOf(deps, container.record).path,
    sharedMemoryBytes: sharesMemory(container.record) ? (hostConfig.ShmSize ?? 0) : undefined,
    owner: plan.map && rootOf(plan.map),
    writer,
  };
}

function startFacts(
  deps: StartDeps,
  container: Container,
  sandbox: SandboxRecord,
  { reachable }: Pick<Sources, 'reachable'>,
) {
  const isLinking = defaultEndpoint(deps, sandbox) !== undefined;
  const links = isLinking ? requireLinks(deps, container) : [];
  return {
    ...joinedNamespaces(deps, container, sandbox.sandboxId),
    files: writeNetworkFiles(deps, container, {
      endpoints: sandbox.endpoints,
      linked: hostsOf(links),
    }).map(({ source, destination }) => ({ source: reachable(source, true), destination })),
    linkVariables: variablesOf(links),
    limits: limitsOf(container.record.hostConfig),
    sharedMemory: sharedMemoryOf(deps, container),
    init: initOf(deps, container),
    security: deps.facts.defaults,
    apparmor: deps.facts.apparmor,
    hostCapabilities: deps.hostCapabilities,
    hardLimits: deps.hardLimits,
    defaultUlimits: deps.defaultUlimits,
    canRaiseLimits: deps.canRaiseLimits,
    settableOomScore: deps.settableOomScore,
    cgroup: cgroupOf(deps, container.record).spec,
    cgroupVersion: deps.facts.cgroupVersion,
    recursiveReadOnly: deps.facts.recursiveReadOnly,
  };
}

/** An init of the engine's as process 1, where the container has processes of its own. @throws Failed when the host has none */
function initOf(
  { facts, initPath }: Pick<StartDeps, 'facts' | 'initPath'>,
  { record }: Container,
): string | undefined {
  const { Init, PidMode } = record.hostConfig;
  if (!(Init ?? facts.defaults.init) || PidMode) return undefined;
  if (initPath === undefined) throw containerFailure.noInit();
  return initPath;
}
