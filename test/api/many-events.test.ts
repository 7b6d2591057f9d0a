/** Very many events, and clients that follow them over the wire: each gets all of them, in order, in the words of its version. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLog } from '../../src/base/log.ts';
import { openEvents } from '../../src/engine/index.ts';
import { linesOf, serve, until } from './serve.ts';

const EVENTS = 10_000;
const LAST = `"${EVENTS - 1}"`;
/** The newest; one that tells events with members of old; one that parts them by nothing. */
const VERSIONS = ['1.47', '1.21', '1.18'] as const;

/** Reads until the last event has come. */
async function follow(path: string, version: string, isParsed: boolean) {
  const answer = Promise.withResolvers<IncomingMessage>();
  get({ socketPath: path, path: `/v${version}/events`, agent: false }, answer.resolve).on('error', () => 0);
  const response = await answer.promise;
  response.on('error', () => undefined);
  const read = async () => {
    const hash = createHash('sha1');
    let text = '';
    for await (const bytes of response as AsyncIterable<Buffer>) {
      hash.update(bytes);
      if (isParsed) text += bytes;
      if (bytes.includes(LAST)) break;
    }
    return { version, text, hash: hash.digest('hex') };
  };
  return read();
}

for (const count of [1, 10, 100])
  test(`RC-B01: ten thousand events reach ${count} clients over the wire, each once, in order and in its words`, async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'gantry-events-'));
    const events = openEvents({ directory, log: silentLog });
    t.after(() => {
      events.close();
      rmSync(directory, { recursive: true });
    });
    await using served = await serve({ instead: (engine) => ({ ...engine, events }) });
    const versions = Array.from({ length: count }, (_, at) => VERSIONS[at % VERSIONS.length] ?? '');
    const reading = versions.map((version, at) => follow(served.path, version, at < VERSIONS.length));
    await until(() => events.listeners === count);
    const began = performance.now();
    for (let next = 0; next < EVENTS; next++) {
      const attributes = { name: 'x', image: 'busybox' };
      events.emit({ Type: 'container', Action: 'start', id: `${next}`, attributes });
      if (next % 50 === 49) await new Promise((resolve) => setImmediate(resolve));
    }
    const read = await Promise.all(reading);
    t.diagnostic(`${((EVENTS * 1000) / (performance.now() - began)).toFixed(0)} events a second`);
    for (const { version, text, hash } of read)
      if (text === '') assert.equal(hash, read[VERSIONS.indexOf(version as '1.47')]?.hash);
      else {
        const told = linesOf(version === '1.18' ? text.replaceAll('}{', '}\n{') : text);
        const ids = told.map(({ id, Actor }) => id ?? (Actor as { ID: string }).ID);
        assert.deepEqual(
          ids,
          Array.from({ length: EVENTS }, (_, at) => `${at}`),
        );
      }
  });
