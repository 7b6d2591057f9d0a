/** Attach as the oldest clients did it: bytes on a socket, with no HTTP library between. */
import { once } from 'node:events';
import { FrameReader } from '../../src/formats/frames.ts';
import type { Api } from '../harness/http.ts';

/** A container that hangs must fail its test, not the run. */
const TIMEOUT_MS = 60_000;

/** What came over an attached connection. */
export interface Conversation {
  /** The head of the answer, as it came. */
  readonly head: string;
  readonly output: Buffer;
}

/**
 * Sends the head of a request and its `body`; when the answer's head has come `input`, of which it sends the end; and reads
 * to the end of the output.
 */
export async function converse(
  api: Api,
  path: string,
  headers: readonly string[],
  input: string,
  body = '',
): Promise<Conversation> {
  const socket = api.connect();
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    await once(socket, 'connect', { signal });
    const chunks: Buffer[] = [];
    const { promise: headCame, resolve } = Promise.withResolvers<void>();
    socket.on('data', (bytes: Buffer) => {
      chunks.push(bytes);
      if (Buffer.concat(chunks).includes('\r\n\r\n')) resolve();
    });
    const ended = once(socket, 'end', { signal });
    socket.write([`POST ${api.path(path)} HTTP/1.1`, 'Host: docker', ...headers, '', body].join('\r\n'));
    await Promise.race([headCame, ended]);
    socket.end(input);
    await ended;
    const all = Buffer.concat(chunks);
    const headEnd = all.indexOf('\r\n\r\n');
    return { head: all.subarray(0, headEnd).toString(), output: all.subarray(headEnd + 4) };
  } finally {
    socket.destroy();
  }
}

/** What each stream said, joined; the order of two streams is their writers' matter. */
export function streamsOf(frames: Buffer): Record<string, string> {
  const said: Record<string, string> = {};
  for (const { stream, payload } of new FrameReader().push(frames))
    said[stream] = (said[stream] ?? '') + payload.toString();
  return said;
}
