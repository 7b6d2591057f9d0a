/** The version that the code tells is the package's. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { VERSION } from './release.ts';

test('the version in the code is the one of package.json', () => {
  const file = new URL('../../package.json', import.meta.url);
  assert.equal(VERSION, (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version);
});
