/** Further processes in running containers: made, run, resized, looked at. They are forgotten with the daemon. */

import { Slots } from '../../base/slots.ts';
import type { ExecInspect } from '../../model/exec.ts';
import { execFailure } from '../../model/failures/exec.ts';
import type { ExecProcess } from '../../runtime/index.ts';
import type { Container } from '../containers/container.ts';
import { assertAllowed } from '../containers/state.ts';
import { type Attachment, makeAttachment } from '../processes/attachment.ts';
import { mergeOutputs } from '../processes/merge.ts';
import { type Exec, type ExecDeps, makeExec, runExec } from './exec.ts';
import type { Execs } from './promise.ts';

/**
 * Execs of one container that have not ended, those that nobody started among them. Each that runs is a process of the
 * host with descriptors of ours; each that only waits holds its request.
 */
const EXECS_PER_CONTAINER_MAX = 1024;
/** Execs of one container that are being started at a time: whoever asks for hundreds holds up nobody else. */
const LAUNCHES_MAX = 8;

/** The verbs on execs. */
export function createExecs(deps: ExecDeps): Execs {
  const launches = new WeakMap<Container, Slots>();
  const find = (id: string): Exec => {
    const exec = deps.execs.get(id);
    if (exec === undefined || exec.container.gone) throw execFailure.notFound({ id });
    return exec;
  };

  return {
    async create(name, request) {
      deps.supervisor.announceStart();
      const container = await deps.directory.adopted(name);
      assertAllowed(
        container.record.state,
        'exec',
        container.record.state.is === 'paused' ? name : container.id,
      );
      if ((request.Cmd ?? []).length === 0) throw execFailure.noCommand();
      if (container.execIds.size >= EXECS_PER_CONTAINER_MAX)
        throw execFailure.tooMany({ id: container.id, most: EXECS_PER_CONTAINER_MAX });
      return { Id: makeExec(deps, container, request).id };
    },

    async start(id, options) {
      const exec = find(id);
      const slots = launches.get(exec.container) ?? new Slots(LAUNCHES_MAX);
      launches.set(exec.container, slots);
      const { process, over } = await slots.run(() => runExec(deps, exec, options));
      return options.detach ? undefined : attachment(exec, process, over, options.tty ?? false);
    },

    async resize(id, { rows, columns }) {
      const exec = find(id);
      if (exec.process === undefined || exec.state !== 'running') throw execFailure.notRunning({ id });
      exec.process.resize(rows, columns);
    },

    async inspect(id) {
      return view(find(id));
    },
  };
}

/**
 * The output ends only when the code is known: a client asks for it right after. With no stream at all the answer is over
 * once the process runs, as dockerd's is.
 */
function attachment(exec: Exec, process: ExecProcess, over: Promise<void>, raw: boolean): Attachment {
  const hasInput = process.input !== undefined && (exec.request.AttachStdin ?? false);
  const hasOutput = process.outputs.size > 0;
  const after = hasOutput ? over : Promise.resolve();
  const streams = makeAttachment({
    terminal: exec.request.Tty ?? false,
    output: hasOutput || !hasInput ? mergeOutputs(process.outputs, after) : undefined,
    input: hasInput
      ? async () =>
          process.input?.writable(
            () => !exec.request.Tty && process.input?.drained(() => process.input?.close()),
          )
      : undefined,
    detachKeys: exec.detachKeys,
    close() {
      for (const output of process.outputs.values()) output.close();
      // The client is gone: the process reads its end of input.
      if (!exec.request.Tty) process.input?.close();
    },
  });
  // Frames are as the start asks for them, whatever the exec has.
  return { ...streams, terminal: raw };
}

function view(exec: Exec): ExecInspect {
  const { request, container } = exec;
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
    Pid: exec.pid,
  };
}
