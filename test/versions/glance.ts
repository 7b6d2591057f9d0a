/** The first messages of a stream that goes on for as long as somebody reads it. */
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import type { Answer } from '../harness/http.ts';

/** Reads what is there as soon as something is, and leaves. */
export async function glance(socketPath: string, path: string): Promise<Answer> {
  const sent = request({ socketPath, path, headers: { host: 'docker' }, agent: false });
  sent.end();
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  const [bytes] = (await once(answer, 'data')) as [Buffer];
  answer.once('error', () => undefined).destroy();
  const text = bytes.toString();
  return {
    status: answer.statusCode ?? 0,
    headers: answer.headers,
    bytes,
    text,
    json: <T>() => JSON.parse(text) as T,
  };
}
