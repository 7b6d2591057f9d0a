/** Runs a command of a build in a container of the image so far, and makes a layer of what it changed. */
import type { ContainerConfig, HostConfig } from '../../../model/container.ts';
import type { Digest, Lease, Storage } from '../../../storage/index.ts';
import type { Containers, StepContainers } from '../../containers/promise.ts';
import { resolved, type StepImage } from '../../images/steps.ts';
import type { Attachment } from '../../processes/attachment.ts';

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
  /** Nobody lists the container, and nothing is told of it. */
  readonly unseen?: boolean;
  /** What changed nothing is a layer all the same. */
  readonly evenIfEmpty?: boolean;
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

/** Tells of a command. */
export interface RunVoice {
  begun(container: string, warnings: readonly string[]): Promise<void>;
  /** Reads what it writes, to its end. */
  wrote(attachment: Attachment): Promise<void>;
  /** What its end with another status than 0 is. */
  failed(status: number): Error;
  ended?(container: string): Promise<void>;
}

/** @throws what `voice.failed` gives for the command's status, and what containers throw */
export async function runCommand(
  deps: RunDeps,
  request: RunRequest,
  voice: RunVoice,
  signal: AbortSignal,
): Promise<Ran> {
  const { containers } = deps;
  const { image, config, hostConfig, unseen = false } = request;
  const { Id: container, Warnings } = await containers.create(
    { ...config, Image: image.id, HostConfig: hostConfig },
    { name: undefined, platform: undefined, readOnlyIsFlat: false, ofBuild: resolved(image), unseen, signal },
  );
  let done = false;
  try {
    await voice.begun(container, Warnings);
    const status = await runToEnd(deps, container, voice, signal);
    signal.throwIfAborted();
    if (status !== 0) throw voice.failed(status);
    const { lease, timesAtMost, evenIfEmpty = false } = request;
    const mounted = (hostConfig.Mounts ?? []).flatMap(({ Target }) => Target ?? []);
    const layer = await deps.storage.layers.commit(container, {
      lease,
      signal,
      timesAtMost,
      mounted,
      unsettled: true,
      evenIfEmpty,
    });
    done = true;
    return { container, diffId: layer?.diffId };
  } finally {
    if (signal.aborted || request.remove === 'always' || (done && request.remove === 'whenDone')) {
      // The next step begins meanwhile.
      request.tidy(containers.remove(container, { force: true, volumes: true, link: false }));
      await voice.ended?.(container);
    } else await containers.leaveBuild(container);
  }
}

/** The command's status. Its output is told as it comes. */
async function runToEnd(
  { containers }: RunDeps,
  container: string,
  voice: RunVoice,
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
    await voice.wrote(attachment);
    signal.throwIfAborted();
    return (await ended).StatusCode;
  } finally {
    signal.removeEventListener('abort', stop);
    attachment.close();
  }
}
