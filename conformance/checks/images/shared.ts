/** What checks of images share: ids, progress. */
import assert from 'node:assert/strict';
import type { Answer } from '../../../test/harness/http.ts';
import { endpoint, typesAt } from '../../contract.ts';
import type { Probe } from '../../probe.ts';

/** A JSON object of an answer. */
export type Doc = Record<string, unknown>;

/** An id without its algorithm. */
export const bareId = (id: unknown): string => String(id).replace(/^sha256:/, '');

/** An image's id without its algorithm, as the newest version tells it. */
export const newestId = async (probe: Probe, name: string): Promise<string> =>
  bareId((await probe.newest.get(`/images/${name}/json`)).json<{ Id: string }>().Id);

/** Progress in the version's form: JSON messages, or lines of text that are none. */
export function progress(probe: Probe, id: string, answer: Answer, textBelow: number): void {
  assert.equal(answer.status, 200, answer.text);
  const type = (answer.headers['content-type'] ?? '').replace(/;.*/, '');
  const types = typesAt(endpoint(id), probe.minor);
  assert.ok(types.includes(type), `content type ${type} instead of ${types.join(' or ')}`);
  if (probe.minor >= textBelow) {
    const messages = probe.messages(id, answer.text);
    assert.ok(messages.length > 0);
    for (const message of messages) {
      assert.ok(!('error' in message), JSON.stringify(message));
      assert.ok(probe.minor >= 8 || !('progressDetail' in message), 'progressDetail came with 1.8');
    }
  } else assert.doesNotMatch(answer.text, /^\{|\}\r?\n?\{/, 'progress is text');
}
