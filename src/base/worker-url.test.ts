/** Where a worker's file stands. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { workerUrl } from './worker-url.ts';

test('a worker stands beside its caller: as a source, or as what the build made', () => {
  assert.equal(workerUrl('a.worker', 'file:///src/b/c.ts').href, 'file:///src/b/a.worker.ts');
  assert.equal(workerUrl('a.worker', 'file:///dist/daemon.js').href, 'file:///dist/a.worker.js');
});
