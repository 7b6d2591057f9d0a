/**
 * The conformance runner's own checks, at versions on either side of the large changes; with GANTRY_SCENES=all, or by
 * `npm run conformance`, at every version.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { differences } from '../../conformance/differences.ts';
import { lines } from '../../conformance/report.ts';
import { checks, type Outcome, runVersion } from '../../conformance/run.ts';
import { surroundings } from '../../conformance/surroundings.ts';
import { startGantry } from '../harness/gantry.ts';

const every = Array.from({ length: 25 }, (_, minor) => minor);
const sample = [0, 4, 8, 12, 17, 20, 22, 24];
const minors = process.env.GANTRY_SCENES === 'all' ? every : sample;

const gantry = await startGantry({ after });
const here = await surroundings({ after }, gantry);

for (const minor of minors)
  test(`version 1.${minor} holds what it promised`, async () => {
    const outcomes: Outcome[] = [];
    for await (const outcome of runVersion(gantry, minor, here)) outcomes.push(outcome);
    assert.ok(outcomes.length > 50);
    assert.deepEqual(lines(outcomes, 'failed'), []);
    assert.deepEqual(lines(outcomes, 'skipped'), []);
  });

test('what dockerd does otherwise is explained on a page, and each explanation is of a check', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/conformance.md'), 'utf8');
  for (const { why, checks: explained } of differences) {
    assert.ok(page.includes(why.slice(1)), why);
    for (const [what, endpoints] of Object.entries(explained))
      for (const endpoint of endpoints)
        assert.ok(
          checks.some((each) => each.what === what && each.endpoint === endpoint),
          `${endpoint}: ${what}`,
        );
  }
});
