/** What a task's source is to the code that unpacks it: chunks of bytes, wherever they come from. */
import { fromFile, type Incoming } from '../unpack/sources.ts';
import { connectionChunks } from './connection.ts';
import { portChunks } from './port-chunks.ts';
import type { Source } from './source.ts';

/** The source's bytes as they come. `cancelled` ends them. */
export function incomingFrom(source: Source, cancelled: AbortSignal): Incoming {
  switch (source.is) {
    case 'file':
      return fromFile(source.path, cancelled);
    case 'port':
      return { chunks: portChunks(source.port, cancelled), file: undefined };
    case 'connection':
      return { chunks: connectionChunks(source, cancelled), file: undefined };
    default:
      return source satisfies never;
  }
}
