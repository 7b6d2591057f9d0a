/** Attaches a client to a container's streams, before, during or between its runs. */
import { containerFailure } from '../../model/failures/container.ts';
import { readChunks, type StreamName } from '../../runtime/index.ts';
import { type Attachment, makeAttachment, type OutputChunk } from '../processes/attachment.ts';
import { DEFAULT_DETACH_KEYS, parseDetachKeys } from '../processes/detach-keys.ts';
import type { Container } from './container.ts';
import { emitContainerEvent } from './events.ts';
import { type LogFilesDeps, logDirectory, openLog } from './logs/files.ts';
import { afterFirstWords } from './logs/first-words.ts';
import type { WithEvents } from './needs.ts';
import type { AttachOptions } from './promise.ts';

/** What an attach needs. */
export type AttachDeps = LogFilesDeps & WithEvents;

/** @throws InvalidArgument (detach keys), Conflict when it is paused or on its way out */
export function attachContainer(deps: AttachDeps, container: Container, options: AttachOptions): Attachment {
  const detachKeys = parseDetachKeys(options.detachKeys || DEFAULT_DETACH_KEYS);
  const { state, config, id } = container.record;
  if (state.is === 'paused') throw containerFailure.attachPaused({ id });
  if (state.is === 'restarting') throw containerFailure.attachRestarting({ id });
  if (state.is === 'removing' || state.is === 'dead') throw containerFailure.attachGoing({ id });
  const over = new AbortController();
  const output =
    options.stdout || options.stderr ? openOutput(deps, container, options, over.signal) : undefined;
  emitContainerEvent(deps, container, 'attach');
  return makeAttachment({
    terminal: config.Tty ?? false,
    output: output?.chunks,
    input:
      options.stdin && options.stream && config.OpenStdin
        ? () => openInput(container, over.signal)
        : undefined,
    detachKeys,
    close() {
      over.abort();
      output?.close();
    },
  });
}

/** Waits for the run if there is none yet. Its end closes stdin as the configuration says. */
async function openInput(container: Container, signal: AbortSignal) {
  const task = await container.nextTask(signal).catch(() => undefined);
  return task?.input?.writable(() => {
    if (container.record.config.StdinOnce && !container.record.config.Tty) task.closeInput();
  });
}

interface OpenOutput {
  readonly chunks: AsyncIterable<OutputChunk>;
  close(): void;
}

function openOutput(
  deps: LogFilesDeps,
  container: Container,
  options: AttachOptions,
  signal: AbortSignal,
): OpenOutput {
  const directory = logDirectory(deps, container.id);
  const streams = new Set<StreamName>([
    ...(options.stdout ? ['stdout' as const] : []),
    ...(options.stderr ? ['stderr' as const] : []),
  ]);
  if (!options.stream) {
    const from = options.logs ? { segment: 0, record: 0 } : { segment: Number.MAX_SAFE_INTEGER, record: 0 };
    return {
      chunks: afterFirstWords(container, signal, () =>
        readChunks(directory, { from, streams, follow: undefined, join: true, signal }),
      ),
      close() {},
    };
  }
  container.writer ??= openLog(deps, container);
  const writer = container.writer;
  const follower = writer.addFollower();
  const now = writer.end;
  const fresh = readChunks(directory, { from: now, streams, follow: writer, follower, join: true, signal });
  const chunks = options.logs
    ? replayed(
        readChunks(directory, {
          from: { segment: 0, record: 0 },
          to: now,
          streams,
          follow: undefined,
          join: true,
          signal,
        }),
        fresh,
      )
    : fresh;
  return {
    chunks,
    close() {
      writer.removeFollower(follower);
      writer.wake();
    },
  };
}

async function* replayed(
  old: AsyncIterable<OutputChunk>,
  fresh: AsyncIterable<OutputChunk>,
): AsyncGenerator<OutputChunk> {
  yield* old;
  yield* fresh;
}
