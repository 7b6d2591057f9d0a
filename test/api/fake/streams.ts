/** What flows in and out of the fake engine. */
import { PassThrough, type Readable } from 'node:stream';
import { NotFound } from '../../../src/base/errors.ts';
import type { Attachment, OutputChunk } from '../../../src/engine/index.ts';
import { sample } from './documents.ts';

/** Echoes on stdout what it gets, and tells on stderr how much that was when the input has ended. */
export function echo(terminal: boolean, open: Set<Attachment>, stdin = true): Attachment {
  const input = new PassThrough({ highWaterMark: 256 * 1024 });
  if (!stdin) input.end('nobody types');
  const detached = Promise.withResolvers<void>();
  async function* output(): AsyncGenerator<OutputChunk> {
    let bytes = 0;
    for await (const chunk of input as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      yield { stream: 'stdout', bytes: chunk };
    }
    yield { stream: 'stderr', bytes: Buffer.from(`[${bytes} bytes]`) };
  }
  const attachment: Attachment = {
    terminal,
    output: output(),
    input: stdin ? input : undefined,
    detached: detached.promise,
    close: () => void open.delete(attachment),
  };
  open.add(attachment);
  return attachment;
}

/** A line on each stream; `follow`: then nothing until the client goes. */
export async function* logged({
  timestamps,
  follow,
  signal,
}: {
  timestamps: boolean;
  follow: boolean;
  signal: AbortSignal;
}) {
  const stamp = timestamps ? '2026-01-02T03:04:05.678901234Z ' : '';
  yield { stream: 'stdout' as const, bytes: Buffer.from(`${stamp}out\n`) };
  yield { stream: 'stderr' as const, bytes: Buffer.from(`${stamp}err\n`) };
  if (follow && !signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
}

/** One measurement; `stream`: then nothing until the client goes. */
export async function* measured(stream: boolean, signal: AbortSignal) {
  yield sample;
  if (stream && !signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
}

/** Reads an archive whole and tells its size. */
export async function* swallow(archive: Readable, signal: AbortSignal, signals: AbortSignal[]) {
  signals.push(signal);
  let bytes = 0;
  for await (const chunk of archive as AsyncIterable<Buffer>) bytes += chunk.length;
  yield { status: `${bytes} bytes` };
}

/** Progress of a pull, which fails for some names. */
export async function* pulling(image: string) {
  if (image === 'missing') throw new NotFound('pull access denied for missing');
  yield { status: `Pulling from ${image}`, id: 'latest' };
  yield { status: 'Downloading', id: 'layer', progressDetail: { current: 50, total: 100 } };
  if (image === 'torn') throw new NotFound('manifest unknown');
  yield { status: 'Pull complete', id: 'layer' };
}
