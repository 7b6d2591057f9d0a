/** The daemon's own log, written by a program that ends like one that crashes. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

test('each line is on stderr before the next step, with its level, its event and its fields, if any', () => {
  const program = `
    import { createLog } from ${JSON.stringify(import.meta.resolve('./log.ts'))};
    const log = createLog('info');
    log.debug('left.out');
    for (const level of ['info', 'warn', 'error']) {
      log[level]('a.bare');
      log[level]('a.full', { id: 7 });
    }
    createLog('debug').debug('a.bare');
    createLog('debug').debug('a.full', { id: 7 });
    process.kill(process.pid, 'SIGKILL');`;
  const { stdout, stderr, signal } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
  });
  assert.deepEqual([stdout, signal], ['', 'SIGKILL']);
  const lines = stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    lines.map(({ time, ...rest }) => ({ ...rest, time: /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(time) })),
    [30, 40, 50, 20].flatMap((level) => [
      { level, msg: 'a.bare', time: true },
      { level, msg: 'a.full', id: 7, time: true },
    ]),
  );
});
