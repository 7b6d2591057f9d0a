/** Containers on a disk that is full: they run on, are looked at, ended and removed; with room again all is as it was. */
import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { examineDataRoot } from '../../src/engine/index.ts';
import { fill, smallDisk } from '../harness/full-disk.ts';
import { Gantry } from '../harness/gantry.ts';
import { until } from '../harness/until.ts';

const NUMBERED = 'i=0; while :; do i=$((i+1)); echo $i; sleep 0.05; done';
const FLOOD = 'while :; do cat /bin/busybox; done';
const FILES = ['flood', 'steady', 'kept', 'coded', 'goes', 'stopped'] as const;

const shell = (script: string): string[] => ['busybox', 'sh', '-c', script];
const running = (name: string, ...more: string[]): string[] => [
  'run',
  '-d',
  '--name',
  name,
  '--network',
  'none',
  ...more,
];

/** Lines that count up, without one that is missing. */
function numbers(text: string): number {
  const lines = text.split('\n').filter(Boolean);
  assert.deepEqual(
    lines,
    Array.from(lines, (_, at) => String(at + 1)),
  );
  return lines.length;
}

/** The state of a container as inspect tells it. */

const state = (gantry: Gantry, name: string) =>
  gantry.dockerOk('inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', name);

test('RC-D02: on a full disk containers run on, are listed, read, stopped, killed and removed; afterwards no line is missing and each exit code is right', () =>
  smallDisk(async (root) => {
    const gantry = new Gantry({ args: ['--data-root', root] });
    const filler = join(root, 'filler');
    try {
      await gantry.start();
      await gantry.loadBusybox();
      await gantry.dockerOk('volume', 'create', 'unused');
      await gantry.dockerOk(...running('steady'), ...shell(NUMBERED));
      await gantry.dockerOk(...running('kept', '--restart', 'unless-stopped'), ...shell('sleep 1000'));
      await gantry.dockerOk(
        ...running('coded'),
        ...shell('trap "exit 7" TERM; while :; do sleep 0.05; done'),
      );
      await gantry.dockerOk(...running('goes'), ...shell('sleep 1000'));
      await gantry.dockerOk(
        'create',
        '--name',
        'stopped',
        '--network',
        'none',
        '-v',
        '/data',
        'busybox',
        'true',
      );
      await gantry.dockerOk(...running('flood'), ...shell(FLOOD));
      await until(async () => numbers(await gantry.dockerOk('logs', 'steady')) > 5);
      await until(() => {
        fill(filler); // what the flood has left
        return true;
      });

      assert.equal((await gantry.dockerOk('ps', '-aq')).split('\n').length, FILES.length);
      numbers(await gantry.dockerOk('logs', 'steady'));
      await gantry.dockerOk('stop', '-t', '5', 'coded');
      assert.equal(await state(gantry, 'coded'), 'exited 7');
      await gantry.dockerOk('stop', '-t', '0', 'kept');
      assert.equal(await state(gantry, 'kept'), 'exited 137');
      await gantry.dockerOk('rm', '-f', 'goes');
      await gantry.dockerOk('rm', '-v', 'stopped');
      await gantry.dockerOk('volume', 'rm', 'unused');
      await gantry.dockerOk('kill', 'flood');
      await gantry.dockerOk('exec', 'steady', 'true');
      await gantry.dockerOk('container', 'prune', '-f', '--filter', 'until=1h');
      await gantry.kill9();
      await gantry.start();
      assert.deepEqual(
        await Promise.all(['coded', 'kept', 'flood', 'steady'].map((name) => state(gantry, name))),
        ['exited 7', 'exited 137', 'exited 137', 'running 0'],
      );

      const before = numbers(await gantry.dockerOk('logs', 'steady'));
      rmSync(filler);
      await until(async () => numbers(await gantry.dockerOk('logs', 'steady')) > before + 20);
      await gantry.dockerOk('start', 'coded');
      await gantry.dockerOk('rm', '-f', 'flood', 'steady', 'coded', 'kept');
      // A stop waits for no deletion: the rest is for the next start.
      await until(() => readdirSync(`${root}/trash`).length === 0);
      await gantry.stop();
      assert.deepEqual((await examineDataRoot(root)).findings, []);
    } finally {
      await gantry.end();
    }
  }));
