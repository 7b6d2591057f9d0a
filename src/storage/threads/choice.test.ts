import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Load, threadFor } from './choice.ts';

const idle: Load = { tasks: 0, removals: 0 };
const busy: Load = { tasks: 1, removals: 0 };
const busier: Load = { tasks: 2, removals: 0 };
const removing: Load = { tasks: 1, removals: 1 };

for (const [what, threads, removes, chosen] of [
  ['the first task starts a thread', [], false, undefined],
  ['an idle thread is used', [busy, idle], false, idle],
  ['another is started while there may be more', [busy], false, undefined],
  ['the least busy one is used when there may not', [busier, busy], false, busy],
  ['nothing waits behind a removal', [removing], false, undefined],
  ['not even when all others are busy', [removing, busier, busy], false, busy],
  ['a removal uses an idle thread', [busy, idle], true, idle],
  ['a removal does not wait for others', [busier, busy], true, undefined],
  ['removals wait for each other', [idle, removing], true, removing],
] as const)
  test(what, () => assert.equal(threadFor(threads, removes, 2), chosen));
