import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTable } from './ps.ts';

const LISTED = [
  'UID          PID    PPID  C STIME TTY          TIME CMD',
  'root          17       1  0 10:00 ?        00:00:00 sleep 1000',
  'root         170       1  0 10:00 ?        00:00:00 sh -c  a  b',
  'root           -       -  0 10:00 -        00:00:00 -',
  'root        1700       1  0 10:00 ?        00:00:00 17',
  '',
].join('\n');

test('rows are chosen by pid; a thread belongs to the process above it, and overhanging words to the last column', () => {
  const { titles, rows } = parseTable(LISTED, new Set([170]));
  assert.equal(titles.length, 8);
  assert.deepEqual(rows, [
    ['root', '170', '1', '0', '10:00', '?', '00:00:00', 'sh -c a b'],
    ['root', '-', '-', '0', '10:00', '-', '00:00:00', '-'],
  ]);
});

test('a title that looks like another pid chooses nothing', () => {
  const table = [
    'COMMAND             PID CMD',
    'x 42                 99 x 42',
    'y                    42 y',
    'longer-than-the-column 42   7 z',
  ].join('\n');
  assert.deepEqual(parseTable(table, new Set([42])).rows, [['y', '42', 'y']]);
});

test('without a list every row is shown; without a column of pids nothing is', () => {
  assert.equal(parseTable(LISTED, undefined).rows.length, 4);
  assert.throws(() => parseTable('TTY CMD\n? sleep', undefined), /Couldn't find PID field in ps output/);
  assert.throws(() => parseTable('MYPID CMD\n1 sleep', undefined), /Couldn't find PID field in ps output/);
});

test('blanks beyond ASCII do not part words', () => {
  const { rows } = parseTable('PID CMD\n  1 a\u00a0b c', new Set([1]));
  assert.deepEqual(rows, [['1', 'a\u00a0b c']]);
});
