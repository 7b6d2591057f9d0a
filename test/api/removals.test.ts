/** Removal by force: how long the container may take to end by itself, by version. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, serve } from './serve.ts';

const removing = async (path: string): Promise<unknown[]> => {
  await using served = await serve();
  const { status } = await ask(served.path, path, { method: 'DELETE' });
  // The fake's container runs: without force it stays, in the status of its time.
  assert.ok([204, 406].includes(status), `${path}: ${status}`);
  return served.calls
    .filter(([verb]) => verb === 'stop' || verb === 'remove')
    .map(([verb, , options]) =>
      verb === 'stop' ? (options as { timeoutSeconds: number }).timeoutSeconds : verb,
    );
};

for (const [path, done] of [
  ['/v1.0/containers/web', [3, 'remove']],
  ['/v1.2/containers/web', [3, 'remove']],
  ['/v1.3/containers/web', ['remove']],
  ['/v1.9/containers/web?force=1', ['remove']],
  ['/v1.10/containers/web?force=1', [5, 'remove']],
  ['/v1.13/containers/web?force=1', [5, 'remove']],
  ['/v1.13/containers/web', ['remove']],
  ['/v1.14/containers/web?force=1', ['remove']],
  ['/containers/web?force=1', ['remove']],
] as const)
  test(`DELETE ${path}: ${done.map((each) => (each === 'remove' ? each : `${each} s to end`)).join(', ')}`, async () => {
    assert.deepEqual(await removing(path), done);
  });
