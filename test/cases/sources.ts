/** Looks through the sources of all tests for the names of cases. */
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type CaseTest, namedCases } from './case.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** All tests in the tree whose names begin with ids of cases, by file. */
export function caseTests(): readonly CaseTest[] {
  const files = globSync(['src/**/*.test.ts', 'test/**/*.test.ts', 'tools/**/*.test.ts'], {
    cwd: ROOT,
  }).sort();
  return files
    .filter((file) => file !== 'test/cases/cases.test.ts')
    .flatMap((file) => namedCases(file, readFileSync(join(ROOT, file), 'utf8')));
}
