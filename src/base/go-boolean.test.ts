/** Booleans as Go's strconv.ParseBool reads them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readBoolean } from './go-boolean.ts';

test('the spellings of Go are true or false', () => {
  for (const text of ['1', 't', 'T', 'true', 'TRUE', 'True']) assert.equal(readBoolean(text), true, text);
  for (const text of ['0', 'f', 'F', 'false', 'FALSE', 'False']) assert.equal(readBoolean(text), false, text);
});

test('anything else is neither, also when it begins or ends like one', () => {
  for (const text of [
    '',
    'yes',
    'tRUE',
    '2',
    '10',
    '01',
    'truetrue',
    'not true',
    'falsely',
    'unfalse',
    'true\n',
  ])
    assert.equal(readBoolean(text), undefined, text);
});
