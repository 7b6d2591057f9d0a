/** What attributes of a build mean for the repositories that it reads. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAttributes } from './attributes.ts';

test("of a context git's own directory stays where Go takes the argument for true, of one with a name always", () => {
  const address = 'https://host/app.git#v1';
  const kept = { is: 'remote', address, keepGitDir: true };
  for (const [said, context] of [
    ['1', kept],
    ['true', kept],
    ['0', { is: 'remote', address }],
    ['yes', { is: 'remote', address }],
  ] as const) {
    const attributes = { context: address, 'build-arg:BUILDKIT_CONTEXT_KEEP_GIT_DIR': said };
    assert.deepEqual(readAttributes(new Map(Object.entries(attributes)), new Map()).context, context, said);
  }
  const named = readAttributes(new Map([['context:repo', address]]), new Map());
  assert.deepEqual(named.contexts.get('repo'), kept);
});
