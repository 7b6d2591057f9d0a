/** One further process in a running container: made, run once, remembered for a while. */

import { rootOf } from '../../base/id-map.ts';
import type { ExecCreateRequest } from '../../model/exec.ts';
import { containerFailure } from '../../model/failures/container.ts';
import { execFailure } from '../../model/failures/exec.ts';
import {
  ALL_CAPABILITIES,
  capabilitiesFor,
  type ExecProcess,
  processSpec,
  startExec,
} from '../../runtime/index.ts';
import type { Container } from '../containers/container.ts';
import { emitContainerEvent } from '../containers/events.ts';
import { liveLinks } from '../containers/links/links.ts';
import { variablesOf } from '../containers/links/tell.ts';
import type {
  WithDirectory,
  WithEvents,
  WithFacts,
  WithLayers,
  WithNetworks,
  WithSupervisor,
} from '../containers/needs.ts';
import { assertAllowed } from '../containers/state.ts';
import { DEFAULT_DETACH_KEYS, parseDetachKeys } from '../processes/detach-keys.ts';
import { environment } from '../processes/environment.ts';
import { type LimitRights, oomScoreOf, rlimitsOf } from '../processes/rlimits.ts';
import { apparmorOf, readSecurity } from '../processes/security.ts';
import { commandError, StartFailed } from '../processes/start-error.ts';
import { userInRoot } from '../processes/user-in-root.ts';
import type { ExecStartOptions } from './promise.ts';

/** A further process, from its making until it is forgotten. */
export interface Exec {
  readonly id: string;
  readonly container: Container;
  readonly request: ExecCreateRequest;
  readonly detachKeys: Buffer;
  state: 'made' | 'starting' | 'running' | 'ended';
  /** While it runs: what belongs to a process goes with it. */
  process: ExecProcess | undefined;
  /** 0: it never ran. */
  pid: number;
  exitCode: number | undefined;
}

/** By id: all that clients and health checks have made. */
export type ExecTable = Map<string, Exec>;

/** What execs need. */
export type ExecDeps = ExecTableDeps &
  WithDirectory &
  WithEvents &
  WithFacts<'apparmor' | 'defaults'> &
  WithLayers &
  WithNetworks &
  WithSupervisor &
  LimitRights & {
    readonly newId: () => string;
    readonly hostCapabilities: ReadonlySet<string>;
  };

/** All execs. */
export interface ExecTableDeps {
  readonly execs: ExecTable;
}

/** How an exec is run; a health check has no client whom to tell of it. */
export type ExecRunOptions = Pick<ExecStartOptions, 'detach' | 'consoleSize'> &
  Partial<Pick<ExecStartOptions, 'accepted'>>;

/** Ended execs are remembered so long, for `docker exec` to ask for the code. */
const REMEMBERED_MS = 5 * 60_000;

/** @throws InvalidArgument for detach keys that are none */
export function makeExec(deps: ExecDeps, container: Container, request: ExecCreateRequest): Exec {
  const exec: Exec = {
    id: deps.newId(),
    container,
    request,
    detachKeys: parseDetachKeys(request.DetachKeys || DEFAULT_DETACH_KEYS),
    state: 'made',
    process: undefined,
    pid: 0,
    exitCode: undefined,
  };
  deps.execs.set(exec.id, exec);
  container.execIds.add(exec.id);
  emitContainerEvent(deps, container, `exec_create: ${spelled(request)}`, { execID: exec.id });
  return exec;
}

/** Runs it; `over` resolves when its end is told. @throws Conflict, StartFailed */
export async function runExec(
  deps: ExecDeps,
  exec: Exec,
  options: ExecRunOptions,
): Promise<{ readonly process: ExecProcess; readonly over: Promise<void> }> {
  if (exec.state === 'ended') throw execFailure.alreadyRun({ id: exec.id });
  if (exec.state !== 'made') throw execFailure.alreadyRunning({ id: exec.id });
  assertAllowed(exec.container.record.state, 'exec', exec.container.id);
  exec.state = 'starting';
  options.accepted?.();
  let process: ExecProcess;
  try {
    process = await launch(deps, exec, options);
  } catch (error) {
    exec.state = 'ended';
    exec.container.execIds.delete(exec.id);
    forgetLater(deps, exec);
    throw refused(deps, exec, error);
  }
  exec.process = process;
  exec.pid = process.pid;
  exec.state = 'running';
  emitContainerEvent(deps, exec.container, `exec_start: ${spelled(exec.request)}`, { execID: exec.id });
  const over = process.ended.then((status) => ended(deps, exec, status?.code ?? 255));
  return { process, over };
}

/** As events have always spelled it: with a blank behind a command that has no arguments. */
function spelled({ Cmd }: ExecCreateRequest): string {
  const [program = '', ...args] = Cmd ?? [];
  return `${program} ${args.join(' ')}`;
}

function launch(deps: ExecDeps, exec: Exec, { detach, consoleSize }: ExecRunOptions): Promise<ExecProcess> {
  const { container, request } = exec;
  const { task } = container;
  deps.supervisor.announceStart();
  if (task === undefined) throw containerFailure.notRunning({ id: container.id });
  const { config, hostConfig } = container.record;
  const rootfs = deps.storage.layers.mount(container.id);
  const map = deps.storage.layers.mappedIds(container.id)?.map;
  const user = userInRoot(rootfs, request.User || config.User || '', hostConfig.GroupAdd ?? []);
  const security = readSecurity(hostConfig.SecurityOpt ?? [], deps.facts.defaults);
  const privileged = request.Privileged || (hostConfig.Privileged ?? false);
  const apparmorProfile = apparmorOf(security.apparmor, deps.facts.apparmor, privileged);
  const terminal = request.Tty ?? false;
  const [rows, columns] = consoleSize ?? (request.ConsoleSize as [number, number] | undefined) ?? [0, 0];
  const process = processSpec({
    terminal,
    ...(rows > 0 && columns > 0 ? { consoleSize: { rows, columns } } : {}),
    user,
    args: request.Cmd ?? [],
    env: environment(
      {
        Tty: terminal,
        Hostname: config.Hostname ?? '',
        Env: [...(config.Env ?? []), ...(request.Env ?? [])],
      },
      user.home,
      variablesOf(liveLinks(deps, container)),
    ),
    cwd: request.WorkingDir || config.WorkingDir || '/',
    capabilities: capabilitiesOf(deps, exec),
    noNewPrivileges: security.noNewPrivileges,
    ...(apparmorProfile ? { apparmorProfile } : {}),
    // What is cut was told when the container started.
    rlimits: rlimitsOf(hostConfig, deps, []),
    oomScoreAdj: oomScoreOf(hostConfig, deps, []),
  });
  return startExec(deps.supervisor, task, {
    execId: exec.id,
    process,
    terminal,
    stdin: (request.AttachStdin ?? false) && !detach,
    stdout: (request.AttachStdout ?? false) && !detach,
    stderr: (request.AttachStderr ?? false) && !detach,
    owner: map && rootOf(map),
  });
}

/** Those of the container, unless all are asked for. */
function capabilitiesOf(
  deps: Pick<ExecDeps, 'hostCapabilities'>,
  { container, request }: Exec,
): readonly string[] {
  if (request.Privileged) return ALL_CAPABILITIES.filter((name) => deps.hostCapabilities.has(name));
  const {
    CapAdd: add = [],
    CapDrop: drop = [],
    Privileged: privileged = false,
  } = container.record.hostConfig;
  return capabilitiesFor({ add, drop, privileged }, deps.hostCapabilities).set;
}

/** The exit code is what a shell gives for a command that cannot be run; clients read it by inspect. */
function refused(deps: WithEvents, exec: Exec, error: unknown): unknown {
  if (!(error instanceof Error) || !('status' in error)) {
    exec.exitCode = 126;
    return error;
  }
  const { text, exitCode, kind } = commandError(error.message, exec.request.Cmd?.[0] ?? '');
  exec.exitCode = exitCode === 128 ? 126 : exitCode;
  emitContainerEvent(deps, exec.container, 'exec_die', { execID: exec.id, exitCode: String(exec.exitCode) });
  return new StartFailed(`OCI runtime exec failed: exec failed: ${text}`, kind, exec.exitCode, {
    cause: error,
  });
}

function ended(deps: ExecTableDeps & WithEvents, exec: Exec, exitCode: number): void {
  exec.exitCode = exitCode;
  exec.state = 'ended';
  exec.process = undefined;
  exec.container.execIds.delete(exec.id);
  emitContainerEvent(deps, exec.container, 'exec_die', { execID: exec.id, exitCode: String(exitCode) });
  forgetLater(deps, exec);
}

function forgetLater(deps: ExecTableDeps, exec: Exec): void {
  setTimeout(() => deps.execs.delete(exec.id), REMEMBERED_MS).unref();
}
