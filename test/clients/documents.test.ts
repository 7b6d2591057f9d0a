/** The examples of the document of API 1.4, as somebody types them with curl. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { startGantry } from '../harness/gantry.ts';
import { startRegistry } from '../harness/registry.ts';

test('curl gets for every request of the 1.4 document its status and its members', async (t) => {
  const registry = await startRegistry(t);
  const gantry = await startGantry(t);
  const script = join(import.meta.dirname, 'v1_4.sh');
  const child = spawn('sh', [script, gantry.socket, registry.host], { stdio: ['ignore', 'pipe', 'inherit'] });
  const said = Buffer.concat(await child.stdout.toArray()).toString();
  assert.match(said, /^right: [1-9]\d\d, wrong: 0\n$/);
});
