import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { failureInWords, LastWords } from './last-words.ts';

const json = (msg: string): string =>
  JSON.stringify({ msg, level: 'error', time: '2026-11-28T18:00:00.000000Z' });

const CASES: readonly (readonly [printed: string, words: string | undefined])[] = [
  // A container's first process, without and with a terminal.
  [
    `${json('exec container process (missing dynamic library?) `/x`: No such file or directory')}\n`,
    'exec /x: no such file or directory\n',
  ],
  [
    `\u001b[1;31m${json('exec container process `/a `b`: Exec format error')}\u001b[0m\r\n`,
    'exec /a `b: exec format error\r\n',
  ],
  // A further process of crun 1.8.1, and of later ones.
  ['exec: Permission denied\n', 'exec asked: permission denied\n'],
  ['\u001b[1;31mexec `/x\ny`: Exec format error\u001b[0m\r\n', 'exec /x\ny: exec format error\r\n'],
  // Another failure is told in crun's words.
  [`${json('write to sync socket: Broken pipe')}\n`, 'write to sync socket: Broken pipe\n'],
  // runc's words are dockerd's already.
  ['exec /x: no such file or directory\n', undefined],
  ['{"msg":1}\n', undefined],
  ['{"msg":"cut\n', undefined],
  [json('no end of line'), undefined],
  ['', undefined],
];

test('a failure of the runtime inside a container is told in the words of dockerd', () => {
  for (const [printed, words] of CASES) assert.equal(failureInWords(printed, 'asked'), words, printed);
});

test('a process that executed a program is never taken for the runtime, whatever it prints', () => {
  const words = new LastWords(process.pid, 'asked');
  assert.equal(
    words.instead(30, () => assert.fail('read')),
    undefined,
  );
  // One that is gone may have been anything.
  const { pid } = spawnSync('true');
  assert.equal(
    new LastWords(pid, 'asked').instead(30, () => assert.fail('read')),
    undefined,
  );
});
