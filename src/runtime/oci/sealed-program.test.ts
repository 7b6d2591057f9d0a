import assert from 'node:assert/strict';
import { closeSync, copyFileSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLog } from '../../base/log.ts';
import { reap, spawn } from '../../linux/index.ts';
import { SealedProgram } from './sealed-program.ts';

async function exitOf(file: string): Promise<number | undefined> {
  const devNull = openSync('/dev/null', 'r+');
  const pid = spawn(file, ['x', '-c', 'exit 3'], [devNull, devNull, devNull]);
  closeSync(devNull);
  for (;;) {
    const status = reap(pid);
    if (status !== undefined) return status.code;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

test('RC-O06: a program runs from its sealed copy, which nobody can write to, and an upgrade is noticed', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-sealed-'));
  const path = join(directory, 'sh');
  copyFileSync('/bin/sh', path);
  const program = new SealedProgram(path, silentLog);
  t.after(() => {
    program.close();
    rmSync(directory, { recursive: true });
  });
  const { file } = program;
  assert.match(file, /^\/proc\/self\/fd\/\d+$/);
  assert.equal(await exitOf(file), 3);
  assert.throws(() => writeFileSync(file, 'overwritten'), /EPERM|ETXTBSY/);
  assert.equal(program.file, file, 'one copy serves');
  copyFileSync('/bin/true', path);
  assert.equal(await exitOf(program.file), 0);
});

test('where a copy cannot be made or run, the file itself is used', () => {
  assert.equal(new SealedProgram('/nonexistent/crun', silentLog).file, '/nonexistent/crun');
  const program = new SealedProgram('/bin/sh', silentLog);
  assert.equal(program.refuse(new Error('EACCES')), '/bin/sh');
  assert.equal(program.file, '/bin/sh');
});
