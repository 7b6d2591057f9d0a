/** IPC namespaces that containers join one after the other: a chain ends at its donor. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGantry } from '../harness/gantry.ts';

const NAMESPACE = 'readlink /proc/self/ns/ipc; stat -c %d /dev/shm';

test("a chain of joins ends at the donor, be it a container or the host; what is private can't be joined", async (t) => {
  const gantry = await startGantry(t);
  const run = (name: string, ipc: string) =>
    gantry.dockerOk(
      ...['run', '-d', '--network', 'none', '--name', name, '--ipc', ipc],
      ...['busybox', 'sleep', '100'],
    );
  const seenBy = (name: string) => gantry.dockerOk('exec', name, 'sh', '-c', NAMESPACE);
  for (const donor of ['host', 'shareable']) {
    await run(`${donor}-first`, donor);
    await run(`${donor}-second`, `container:${donor}-first`);
    await run(`${donor}-third`, `container:${donor}-second`);
    const seen = await Promise.all(['first', 'second', 'third'].map((which) => seenBy(`${donor}-${which}`)));
    assert.deepEqual(new Set(seen).size, 1, seen.join('\n'));
    await gantry.dockerOk('exec', `${donor}-third`, 'sh', '-c', 'echo said > /dev/shm/gantry-ipc-chain');
    const read = await gantry.dockerOk('exec', `${donor}-first`, 'cat', '/dev/shm/gantry-ipc-chain');
    await gantry.dockerOk('exec', `${donor}-first`, 'rm', '/dev/shm/gantry-ipc-chain');
    assert.equal(read, 'said');
  }
  assert.notEqual(await seenBy('host-first'), await seenBy('shareable-first'));
  for (const mode of ['private', 'none']) {
    await run(mode, mode);
    const refused = await gantry.docker([
      'run',
      '--network',
      'none',
      '--ipc',
      `container:${mode}`,
      'busybox',
      'true',
    ]);
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /non-shareable IPC \(hint: use IpcMode:shareable for the donor container\)/);
  }
});
