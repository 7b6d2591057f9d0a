import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { RunDirectory } from './run-directory.ts';

const ROUNDS = 400;

/** What `crun exec` does at a moment that the engine does not choose: it writes its pid file. */
const WRITER = `
  const { writeFileSync } = require('node:fs');
  process.send('ready');
  for (let n = 0; ; n++) try { writeFileSync(process.argv[1] + '/exec-' + n, ''); } catch {}
`;

test('a directory goes whole while the runtime still writes into it', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'gantry-run-directory-'));
  const paths = { tasks: join(root, 'tasks'), removed: join(root, 'removed') };
  for (const path of Object.values(paths)) mkdirSync(path);
  const directory = new RunDirectory(join(paths.tasks, 'a'), join(paths.removed, 'a'));
  const writer = spawn(process.execPath, ['-e', WRITER, directory.path], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  t.after(async () => {
    writer.kill('SIGKILL');
    await new Promise((resolve) => writer.once('exit', resolve));
    rmSync(root, { recursive: true, force: true });
  });
  await new Promise((resolve) => writer.once('message', resolve));
  let written = 0;
  for (let round = 0; round < ROUNDS; round++) {
    directory.create();
    const until = performance.now() + 2;
    while (performance.now() < until) written += readdirSync(directory.path).length;
    directory.remove();
    assert.equal(existsSync(directory.path), false);
  }
  assert(written > 0, 'nothing was written meanwhile');
  assert.deepEqual(readdirSync(paths.removed), []);
});
