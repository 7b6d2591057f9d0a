import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { prepareExecRoot, RunDirectory, runDirectoryIds } from './run-directory.ts';

const ROUNDS = 400;

test('RC-K12: a removal that a killed daemon had begun is ended at the next start; tasks stay', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'gantry-run-directory-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  prepareExecRoot(root);
  const [stays, goes] = [new RunDirectory(root, 'stays'), new RunDirectory(root, 'goes')];
  for (const directory of [stays, goes]) directory.create();
  goes.writeConfig({});
  renameSync(goes.path, join(root, 'removed/goes'));
  prepareExecRoot(root);
  assert.deepEqual(readdirSync(join(root, 'removed')), []);
  assert.deepEqual(runDirectoryIds(root), ['stays']);
});

/** What `crun exec` does at a moment that the engine does not choose: it writes its pid file. */
const WRITER = `
  const { writeFileSync } = require('node:fs');
  process.send('ready');
  for (let n = 0; ; n++) try { writeFileSync(process.argv[1] + '/exec-' + n, ''); } catch {}
`;

test('a directory goes whole while the runtime still writes into it', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'gantry-run-directory-'));
  prepareExecRoot(root);
  const directory = new RunDirectory(root, 'a');
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
  assert.deepEqual(readdirSync(join(root, 'removed')), []);
});

test('RC-M01, RC-S06: of a record that was changed, or is none, nothing is believed; one without a sum is of a daemon of before', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'gantry-run-directory-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  prepareExecRoot(root);
  const directory = new RunDirectory(root, 'a');
  assert.equal(directory.load().is, 'none');
  directory.create();
  const record = {
    ...{
      id: 'a',
      pid: 4711,
      startTime: '1',
      bootId: 'b',
      runtime: 'crun',
      terminal: false,
      openStdin: false,
    },
    ...{ pipes: undefined, cgroupPath: '/gantry/a', logDirectory: '/log' },
  };
  directory.save(record);
  assert.deepEqual(directory.load(), { is: 'found', record });
  const file = directory.file('task.json');
  const text = readFileSync(file, 'utf8');
  const changed = text.replace('4711', '4712');
  for (const bytes of [changed, text.slice(0, 50), '', '[]', 'null']) {
    writeFileSync(file, bytes);
    assert.equal(directory.load().is, 'unreadable', bytes);
  }
  writeFileSync(file, changed.replace(/,"sum":\d+/, ''));
  assert.deepEqual(directory.load(), { is: 'found', record: { ...record, pid: 4712 } });
  for (const [command, argument] of [
    ['mkfifo', file],
    ['mkdir', file],
  ] as const) {
    rmSync(file, { recursive: true });
    execFileSync(command, [argument]);
    assert.equal(directory.load().is, 'unreadable', command);
  }
});
