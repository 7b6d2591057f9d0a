import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goFileMode, pathStatHeader } from './path-stat.ts';

for (const [what, mode, told] of [
  ['a file', 0o100644, 0o644],
  ['a directory', 0o040755, 2 ** 31 + 0o755],
  ['a link', 0o120777, 2 ** 27 + 0o777],
  ['a set-id program', 0o106755, 2 ** 23 + 2 ** 22 + 0o755],
  ['a sticky directory', 0o041777, 2 ** 31 + 2 ** 20 + 0o777],
  ['a character device', 0o020666, 2 ** 26 + 2 ** 21 + 0o666],
  ['a block device', 0o060660, 2 ** 26 + 0o660],
  ['a FIFO', 0o010644, 2 ** 25 + 0o644],
  ['a socket', 0o140755, 2 ** 24 + 0o755],
] as const)
  test(`the mode of ${what} is told as Go numbers it`, () => assert.equal(goFileMode(mode), told));

test('a stat travels as JSON in a header, in plain base64', () => {
  const stat = {
    name: 'ÿ?>',
    size: 5,
    mode: 0o100600,
    mtimeNanos: 1_600_000_000_000_000_001n,
    linkTarget: '',
  };
  const { 'X-Docker-Container-Path-Stat': header } = pathStatHeader(stat);
  assert.deepEqual(JSON.parse(Buffer.from(header, 'base64').toString()), {
    name: 'ÿ?>',
    size: 5,
    mode: 0o600,
    mtime: '2020-09-13T12:26:40.000000001Z',
    linkTarget: '',
  });
});
