import assert from 'node:assert/strict';
import { test } from 'node:test';
import { userTable } from './passwd.ts';

test('lines are split at colons, white space around them goes', () => {
  assert.deepEqual(userTable('root:x:0:0::/root:/bin/sh\n  u:x:7:8  \r\n'), [
    ['root', 'x', '0', '0', '', '/root', '/bin/sh'],
    ['u', 'x', '7', '8'],
  ]);
});

test('empty lines and comments are no users', () => {
  assert.deepEqual(userTable('\n \n# root:x:7:7\n  #u:x:1:1\n'), []);
  assert.deepEqual(userTable(''), []);
});
