import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';
import { pages } from './api-pages.ts';

for (const { file, written } of await pages())
  test(`${basename(file.pathname)} tells what the steps of the API are: else run tools/changelog.ts --write`, () => {
    const page = readFileSync(file, 'utf8');
    assert.equal(page, written(page));
  });
