/** Further processes in running containers: made, run, resized, looked at. They are forgotten with the daemon. */
import { Conflict, InvalidArgument, NotFound } from '../../base/errors.ts';
import type { ExecCreateRequest, ExecInspect } from '../../model/exec.ts';
import {
  ALL_CAPABILITIES,
  capabilitiesFor,
  type ExecProcess,
  processSpec,
  startExec,
} from '../../runtime/index.ts';
import type { Container } from '../containers/container.ts';
import { conversation } from '../containers/conversation.ts';
import { type ContainersDeps, tell } from '../containers/deps.ts';
import { DEFAULT_DETACH_KEYS, parseDetachKeys } from '../containers/detach-keys.ts';
import { environment } from '../containers/plan.ts';
import { apparmorOf, readSecurity } from '../containers/security.ts';
import { userOf } from '../containers/start.ts';
import { commandError, StartFailed } from '../containers/start-error.ts';
import { assertAllowed } from '../containers/state.ts';
import type { Attachment, Execs } from '../engine.ts';
import { mergeOutputs } from './merge.ts';

interface Exec {
  readonly id: string;
  readonly container: Container;
  readonly request: ExecCreateRequest;
  readonly detachKeys: Buffer;
  state: 'made' | 'starting' | 'running' | 'ended';
  process: ExecProcess | undefined;
  exitCode: number | undefined;
}

/** Ended execs are remembered so long, for `docker exec` to ask for the code. */
const REMEMBERED_MS = 5 * 60_000;

export function createExecs(deps: ContainersDeps): Execs {
  const execs = new Map<string, Exec>();

  const find = (id: string): Exec => {
    const exec = execs.get(id);
    if (exec === undefined || exec.container.gone) throw new NotFound(`No such exec instance: ${id}`);
    return exec;
  };

  return {
    async create(name, request) {
      deps.supervisor.announceStart();
      const container = deps.directory.find(name);
      assertAllowed(
        container.record.state,
        'exec',
        container.record.state.is === 'paused' ? name : container.id,
      );
      if ((request.Cmd ?? []).length === 0) throw new InvalidArgument('No exec command specified');
      const id = deps.newId();
      const detachKeys = parseDetachKeys(request.DetachKeys || DEFAULT_DETACH_KEYS);
      execs.set(id, {
        id,
        container,
        request,
        detachKeys,
        state: 'made',
        process: undefined,
        exitCode: undefined,
      });
      container.execIds.add(id);
      tell(deps, container, `exec_create: ${spelled(request)}`, { execID: id });
      return { Id: id };
    },

    async start(id, options) {
      const exec = find(id);
      if (exec.state === 'ended') throw new Conflict(`exec command ${id} has already run`);
      if (exec.state !== 'made') throw new Conflict(`exec command ${id} is already running`);
      assertAllowed(exec.container.record.state, 'exec', exec.container.id);
      exec.state = 'starting';
      try {
        exec.process = await launch(deps, exec, options);
      } catch (error) {
        exec.state = 'ended';
        throw refused(deps, exec, error);
      }
      exec.state = 'running';
      tell(deps, exec.container, `exec_start: ${spelled(exec.request)}`, { execID: id });
      const over = exec.process.ended.then((status) => ended(deps, exec, status?.code ?? 255));
      void over.then(() => forgetLater(execs, exec));
      return options.detach ? undefined : attachment(exec, exec.process, over);
    },

    async resize(id, { rows, columns }) {
      const exec = find(id);
      if (exec.process === undefined || exec.state !== 'running')
        throw new Conflict(`cannot resize exec ${id}: it is not running`);
      exec.process.resize(rows, columns);
    },

    async inspect(id) {
      return view(find(id));
    },
  };
}

/** As events have always spelled it: with a blank behind a command that has no arguments. */
function spelled({ Cmd }: ExecCreateRequest): string {
  const [program = '', ...args] = Cmd ?? [];
  return `${program} ${args.join(' ')}`;
}

function launch(
  deps: ContainersDeps,
  exec: Exec,
  options: Parameters<Execs['start']>[1],
): Promise<ExecProcess> {
  const { container, request } = exec;
  const { task } = container;
  deps.supervisor.announceStart();
  if (task === undefined) throw new Conflict(`container ${container.id} is not running`);
  const { config, hostConfig } = container.record;
  const user = userOf(container, deps.storage.layers.mount(container.id), request.User || config.User || '');
  const { set } = request.Privileged
    ? { set: ALL_CAPABILITIES.filter((name) => deps.hostCapabilities.has(name)) }
    : capabilitiesFor(
        {
          add: hostConfig.CapAdd ?? [],
          drop: hostConfig.CapDrop ?? [],
          privileged: hostConfig.Privileged ?? false,
        },
        deps.hostCapabilities,
      );
  const security = readSecurity(hostConfig.SecurityOpt ?? [], deps.facts.defaults);
  const apparmorProfile = apparmorOf(
    security.apparmor,
    deps.facts.apparmor,
    request.Privileged || (hostConfig.Privileged ?? false),
  );
  const terminal = request.Tty ?? false;
  const [rows, columns] = options.consoleSize ??
    (request.ConsoleSize as [number, number] | undefined) ?? [0, 0];
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
    ),
    cwd: request.WorkingDir || config.WorkingDir || '/',
    capabilities: set,
    noNewPrivileges: security.noNewPrivileges,
    ...(apparmorProfile ? { apparmorProfile } : {}),
    rlimits: [],
  });
  return startExec(deps.supervisor, task, {
    execId: exec.id,
    process,
    terminal,
    stdin: (request.AttachStdin ?? false) && !options.detach,
    stdout: (request.AttachStdout ?? false) && !options.detach,
    stderr: (request.AttachStderr ?? false) && !options.detach,
  });
}

/** The exit code is what a shell gives for a command that cannot be run; clients read it by inspect. */
function refused(deps: ContainersDeps, exec: Exec, error: unknown): unknown {
  if (!(error instanceof Error) || !('status' in error)) {
    exec.exitCode = 126;
    return error;
  }
  const { text, exitCode, kind } = commandError(error.message, exec.request.Cmd?.[0] ?? '');
  exec.exitCode = exitCode === 128 ? 126 : exitCode;
  tell(deps, exec.container, 'exec_die', { execID: exec.id, exitCode: String(exec.exitCode) });
  return new StartFailed(`OCI runtime exec failed: exec failed: ${text}`, kind, exec.exitCode, error);
}

function ended(deps: ContainersDeps, exec: Exec, exitCode: number): void {
  exec.exitCode = exitCode;
  exec.state = 'ended';
  exec.container.execIds.delete(exec.id);
  tell(deps, exec.container, 'exec_die', { execID: exec.id, exitCode: String(exitCode) });
}

function forgetLater(execs: Map<string, Exec>, exec: Exec): void {
  setTimeout(() => execs.delete(exec.id), REMEMBERED_MS).unref();
}

/** The output ends only when the code is known: a client asks for it right after. */
function attachment(exec: Exec, process: ExecProcess, over: Promise<void>): Attachment {
  return conversation({
    terminal: exec.request.Tty ?? false,
    output: process.outputs.size === 0 ? undefined : mergeOutputs(process.outputs, over),
    input:
      process.input === undefined || !exec.request.AttachStdin
        ? undefined
        : async () =>
            process.input?.writable(
              () => !exec.request.Tty && process.input?.drained(() => process.input?.close()),
            ),
    detachKeys: exec.detachKeys,
    close() {
      for (const output of process.outputs.values()) output.close();
      // The client is gone: the process reads its end of input.
      if (!exec.request.Tty) process.input?.close();
    },
  });
}

function view(exec: Exec): ExecInspect {
  const { request, container, process } = exec;
  const [entrypoint = '', ...args] = request.Cmd ?? [];
  return {
    ID: exec.id,
    Running: exec.state === 'running',
    ...(exec.exitCode === undefined ? {} : { ExitCode: exec.exitCode }),
    ProcessConfig: {
      tty: request.Tty ?? false,
      entrypoint,
      arguments: args,
      privileged: request.Privileged ?? false,
      ...(request.User ? { user: request.User } : {}),
    },
    OpenStdin: request.AttachStdin ?? false,
    OpenStderr: request.AttachStderr ?? false,
    OpenStdout: request.AttachStdout ?? false,
    CanRemove: exec.state === 'ended',
    ContainerID: container.id,
    DetachKeys: request.DetachKeys ? exec.detachKeys.toString('base64') : '',
    Pid: process?.pid ?? 0,
  };
}
