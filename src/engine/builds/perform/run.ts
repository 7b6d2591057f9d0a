/** Runs a command of a Dockerfile in a container of the image so far, and makes a layer of what it changed. */
import { StringDecoder } from 'node:string_decoder';
import { shortId } from '../../../formats/digest.ts';
import type { ContainerConfig, HostConfig } from '../../../model/container.ts';
import { buildFailure } from '../../../model/failures/build.ts';
import { line } from '../../../model/progress.ts';
import type { Digest, Lease, Storage } from '../../../storage/index.ts';
import type { Containers, StepContainers } from '../../containers/promise.ts';
import { resolved, type StepImage } from '../../images/steps.ts';
import type { Attachment, OutputChunk } from '../../processes/attachment.ts';
import { red, type Say } from '../output.ts';

/** What running needs. */
export interface RunDeps {
  readonly containers: Pick<Containers, 'create' | 'start' | 'attach' | 'wait' | 'kill' | 'remove'> &
    StepContainers;
  readonly storage: Pick<Storage, 'layers'>;
}

/** A command to be run. */
export interface RunRequest {
  readonly image: StepImage;
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  readonly lease: Lease;
  /** No time in the layer is later; undefined: times are as they are. */
  readonly timesAtMost: bigint | undefined;
  /** Which containers go when it is over. */
  readonly remove: 'always' | 'whenDone' | 'never';
  /** Takes what is still to be done when the step is over: the build's end waits for it. */
  readonly tidy: (work: Promise<void>) => void;
}

/** What doing a step made. */
export interface Ran {
  /** Its container's id; empty: there was none. */
  readonly container: string;
  /** Undefined: it changed nothing. */
  readonly diffId: Digest | undefined;
}

/** @throws `build.commandFailed` with the command's status, and what containers throw */
export async function runStep(
  deps: RunDeps,
  request: RunRequest,
  say: Say,
  signal: AbortSignal,
): Promise<Ran> {
  const { containers } = deps;
  const { image, config, hostConfig } = request;
  const { Id: container, Warnings } = await containers.create(
    { ...config, Image: image.id, HostConfig: hostConfig },
    { name: undefined, platform: undefined, readOnlyIsFlat: false, ofBuild: resolved(image), signal },
  );
  let done = false;
  try {
    for (const warning of Warnings) await say(line(` ---> [Warning] ${warning}`));
    await say(line(` ---> Running in ${shortId(container)}`));
    const status = await runToEnd(deps, container, say, signal);
    signal.throwIfAborted();
    if (status !== 0) throw buildFailure.commandFailed({ words: config.Cmd ?? [], status });
    const { lease, timesAtMost } = request;
    const mounted = (hostConfig.Mounts ?? []).flatMap(({ Target }) => Target ?? []);
    const layer = await deps.storage.layers.commit(container, {
      lease,
      signal,
      timesAtMost,
      mounted,
      unsettled: true,
    });
    done = true;
    return { container, diffId: layer?.diffId };
  } finally {
    if (signal.aborted || request.remove === 'always' || (done && request.remove === 'whenDone')) {
      // The next step begins meanwhile.
      request.tidy(containers.remove(container, { force: true, volumes: true, link: false }));
      await say(line(` ---> Removed intermediate container ${shortId(container)}`));
    } else await containers.leaveBuild(container);
  }
}

/** The command's status. Its output is told as it comes. */
async function runToEnd(
  { containers }: RunDeps,
  container: string,
  say: Say,
  signal: AbortSignal,
): Promise<number> {
  const attachment = await containers.attach(container, {
    ...{ stdin: false, stdout: true, stderr: true, stream: true, logs: false, detachKeys: undefined },
  });
  const stop = (): void => {
    attachment.close();
    // What cannot be killed now is removed by force below, which says why.
    containers.kill(container, { signal: 'KILL' }).catch(() => undefined);
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    const { ended } = await containers.wait(container, { condition: 'next-exit', signal });
    await containers.start(container, { hostConfig: undefined, keep: [] });
    await tellOutput(attachment, say);
    signal.throwIfAborted();
    return (await ended).StatusCode;
  } finally {
    signal.removeEventListener('abort', stop);
    attachment.close();
  }
}

async function tellOutput({ output }: Attachment, say: Say): Promise<void> {
  const decoders = { stdout: new StringDecoder(), stderr: new StringDecoder() };
  const tell = async (stream: OutputChunk['stream'], text: string): Promise<void> => {
    if (text === '') return;
    await say({ stream: stream === 'stdout' ? text : red(text), isOutput: true });
  };
  for await (const { stream, bytes } of output ?? []) await tell(stream, decoders[stream].write(bytes));
  await tell('stdout', decoders.stdout.end());
  await tell('stderr', decoders.stderr.end());
}
