/** What a container wrote, now and from now on. */
import { formatNanosFixed } from '../../../base/time.ts';
import { containerFailure } from '../../../model/failures/container.ts';
import { logFailure } from '../../../model/failures/log.ts';
import {
  type Line,
  type Loss,
  type OutputWriter,
  readChunks,
  readLines,
  type StreamName,
} from '../../../runtime/index.ts';
import type { OutputChunk } from '../../processes/attachment.ts';
import type { Container } from '../container.ts';
import type { LogOptions, LogOutput } from '../promise.ts';
import { attributesQuery, fileAttributes } from './attributes.ts';
import { type LogFilesDeps, logDirectory, logSettings } from './files.ts';
import { afterFirstWords } from './first-words.ts';

/** @throws InvalidArgument when no stream is asked for, NotImplemented when the driver keeps nothing */
export async function containerLogs(
  deps: LogFilesDeps,
  container: Container,
  options: LogOptions,
): Promise<LogOutput> {
  if (!options.stdout && !options.stderr) throw containerFailure.noStream();
  const settings = logSettings(deps, container.record);
  if (settings?.isReadable === false) throw logFailure.notReadable();
  // Only json-file keeps attributes with its lines.
  const attributes =
    options.details && settings?.driver === 'json-file'
      ? await fileAttributes(container.record, settings.options)
      : new Map<string, string>();
  const details = options.details ? `${attributesQuery(attributes)} ` : '';
  const terminal = container.record.config.Tty ?? false;
  const output = () => read(deps, container, options, details);
  return {
    terminal,
    output: options.follow ? output() : afterFirstWords(container, options.signal, output),
  };
}

/** What is opened to read is closed with the reading, however it ends. */
async function* read(
  deps: LogFilesDeps,
  container: Container,
  options: LogOptions,
  details: string,
): AsyncGenerator<OutputChunk> {
  const writer = container.task ? container.writer : undefined;
  const follow = options.follow ? writer : undefined;
  const wake = () => follow?.wake();
  options.signal.addEventListener('abort', wake, { once: true });
  const held = hold(writer, options.follow);
  const onLoss = (loss: Loss) => deps.log.warn('log.damaged', { id: container.id, ...loss });
  try {
    yield* chunks(logDirectory(deps, container.id), { ...options, ...held, follow, onLoss }, details);
  } finally {
    options.signal.removeEventListener('abort', wake);
    if (held.follower) writer?.removeFollower(held.follower);
    for (const segment of held.pinned?.splice(0) ?? []) segment.close();
  }
}

/** Keeps a log that is being rotated from running away from its reader. */
function hold(writer: OutputWriter | undefined, follow: boolean) {
  if (writer === undefined || writer.isUnlimited || writer.ended) return {};
  return follow ? { follower: writer.addReader() } : { pinned: writer.openAll() };
}

type Reading = Omit<LogOptions, 'follow'> &
  ReturnType<typeof hold> & {
    readonly follow: OutputWriter | undefined;
    readonly onLoss: (loss: Loss) => void;
  };

function chunks(directory: string, options: Reading, details: string): AsyncIterable<OutputChunk> {
  const { since, until, tail, timestamps } = options;
  const streams = new Set<StreamName>([
    ...(options.stdout ? ['stdout' as const] : []),
    ...(options.stderr ? ['stderr' as const] : []),
  ]);
  const asLines = since !== undefined || until !== undefined || tail !== undefined || timestamps;
  if (asLines || details !== '')
    return joined(readLines(directory, { ...options, streams }), timestamps, details);
  return readChunks(directory, { ...options, from: { segment: 0, record: 0 }, streams, join: true });
}

/** Neighbouring lines of one stream as one chunk; `stamp` puts its time before each, `details` what is said with it. */
async function* joined(
  batches: AsyncIterable<readonly Line[]>,
  stamp: boolean,
  details: string,
): AsyncGenerator<OutputChunk> {
  for await (const lines of batches)
    for (let from = 0, to = 0; from < lines.length; from = to) {
      const stream = lines[from]?.stream ?? 'stdout';
      while (to < lines.length && lines[to]?.stream === stream) to++;
      const run = lines.slice(from, to);
      const plain = !stamp && details === '';
      yield {
        stream,
        bytes: plain ? Buffer.concat(run.map(({ bytes }) => bytes)) : headed(run, stamp, details),
      };
    }
}

/** A time has one length, and lines written together share it. */
function headed(lines: readonly Line[], stamp: boolean, details: string): Buffer {
  const headOf = (at: bigint) => Buffer.from(`${stamp ? `${formatNanosFixed(at)} ` : ''}${details}`);
  const { length } = headOf(0n);
  const bytes = lines.reduce((sum, line) => sum + line.bytes.length, lines.length * length);
  const out = Buffer.allocUnsafe(bytes);
  let [at, last, head] = [0, -1n, Buffer.alloc(0)];
  for (const line of lines) {
    if (line.at !== last) [last, head] = [line.at, headOf(line.at)];
    at += head.copy(out, at);
    at += line.bytes.copy(out, at);
  }
  return out;
}
