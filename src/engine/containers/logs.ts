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
  return { terminal, output: timestamps ? stamped(lines) : lines };
}

async function* stamped(lines: AsyncIterable<Line>): AsyncGenerator<OutputChunk> {
  for await (const { stream, bytes, at } of lines)
    yield { stream, bytes: Buffer.concat([Buffer.from(`${formatNanosFixed(at)} `), bytes]) };
}
