/** What a container wrote, now and from now on. */
import { InvalidArgument, NotImplemented } from '../../base/errors.ts';
import { formatNanosFixed } from '../../base/time.ts';
import { type Line, readChunks, readLines, type StreamName } from '../../runtime/index.ts';
import type { LogOptions, LogOutput, OutputChunk } from '../engine.ts';
import type { Container } from './container.ts';
import { type ContainersDeps, logDirectory } from './deps.ts';

/** @throws InvalidArgument when no stream is asked for, NotImplemented when the driver keeps nothing */
export function containerLogs(deps: ContainersDeps, container: Container, options: LogOptions): LogOutput {
  if (!options.stdout && !options.stderr)
    throw new InvalidArgument('Bad parameters: you must choose at least one stream');
  if (container.record.hostConfig.LogConfig?.Type === 'none')
    throw new NotImplemented('configured logging driver does not support reading');
  const directory = logDirectory(deps, container.id);
  const streams = new Set<StreamName>([
    ...(options.stdout ? ['stdout' as const] : []),
    ...(options.stderr ? ['stderr' as const] : []),
  ]);
  const follow = options.follow && container.task ? container.writer : undefined;
  options.signal.addEventListener('abort', () => follow?.wake(), { once: true });
  const { since, until, tail, timestamps, signal } = options;
  const terminal = container.record.config.Tty ?? false;
  if (since === undefined && until === undefined && tail === undefined && !timestamps)
    return {
      terminal,
      output: readChunks(directory, { from: { segment: 0, record: 0 }, streams, follow, join: true, signal }),
    };
  const lines = readLines(directory, { streams, since, until, tail, follow, signal });
  return { terminal, output: joined(lines, timestamps) };
}

/** Neighbouring lines of one stream as one chunk; `stamp` puts its time before each. */
async function* joined(batches: AsyncIterable<readonly Line[]>, stamp: boolean): AsyncGenerator<OutputChunk> {
  for await (const lines of batches)
    for (let from = 0, to = 0; from < lines.length; from = to) {
      const stream = lines[from]?.stream ?? 'stdout';
      while (to < lines.length && lines[to]?.stream === stream) to++;
      const run = lines.slice(from, to);
      yield { stream, bytes: stamp ? stamped(run) : Buffer.concat(run.map(({ bytes }) => bytes)) };
    }
}

/** A time has one length, and lines written together share it. */
function stamped(lines: readonly Line[]): Buffer {
  const length = formatNanosFixed(0n).length + 1;
  const out = Buffer.allocUnsafe(lines.reduce((sum, { bytes }) => sum + bytes.length, lines.length * length));
  let [at, last, stamp] = [0, -1n, Buffer.alloc(0)];
  for (const line of lines) {
    if (line.at !== last) [last, stamp] = [line.at, Buffer.from(`${formatNanosFixed(line.at)} `)];
    at += stamp.copy(out, at);
    at += line.bytes.copy(out, at);
  }
  return out;
}
