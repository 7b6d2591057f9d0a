/**
 * `npm run cases -- [PREFIX…]`: runs every test whose name begins with a case's id, and prints case → test → result.
 * `--list` runs nothing and prints which tests there are; `--from FILE` takes the results of a run of tests that had
 * GANTRY_RESULTS=FILE. PREFIX, as SC-IMG or RC-K01, asks for some cases only.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Case, CaseResult, Standing } from './case.ts';
import { idsOf, standings } from './case.ts';
import { RELIABILITY_CASES } from './reliability.ts';
import { SECURITY_CASES } from './security.ts';
import { caseTests } from './sources.ts';

const argv = process.argv.slice(2);
const isListed = argv.includes('--list');
const from = argv.includes('--from') ? argv[argv.indexOf('--from') + 1] : undefined;
const prefixes = argv.filter((each) => /^(SC|RC)-/.test(each));
const wanted = ({ id }: Case): boolean =>
  prefixes.length === 0 || prefixes.some((prefix) => id.startsWith(prefix));

/** Runs the files that have tests of wanted cases, with their output on ours. */
async function run(cases: readonly Case[]): Promise<readonly CaseResult[]> {
  const ids = new Set(cases.map(({ id }) => id));
  const files = new Set(
    caseTests().flatMap(({ file, ids: named }) => (named.some((id) => ids.has(id)) ? [file] : [])),
  );
  if (files.size === 0) return [];
  const home = mkdtempSync(join(tmpdir(), 'gantry-cases-'));
  try {
    const results = join(home, 'results');
    const child = spawn('sh', ['tools/test.sh', ...files], {
      stdio: 'inherit',
      env: { ...process.env, GANTRY_RESULTS: results },
    });
    await once(child, 'close');
    return resultsIn(results);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** What tools/test.ts wrote: a line a test. */
function resultsIn(path: string): readonly CaseResult[] {
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean);
  return lines
    .map((line) => JSON.parse(line) as Omit<CaseResult, 'ids'>)
    .map((each) => ({ ...each, ids: idsOf(each.name) }));
}

/** At most so many tests of a case are printed by name. */
const NAMES_TOLD = 4;

function print(title: string, table: readonly Standing[]): void {
  console.log(`\n${title}`);
  for (const { is, tests, verdict } of table) {
    console.log(`${is.id}  ${verdict.padEnd(8)}  ${is.what}`);
    for (const { file, name, result, why } of told(tests))
      console.log(
        `    ${isListed ? '' : `${result}${why === undefined ? '' : ` (${why})`}  `}${name}  [${file}]`,
      );
    if (tests.length > NAMES_TOLD) console.log(`    … ${tests.length} tests in all`);
    if (is.reason !== undefined) console.log(`    reason: ${is.reason}`);
  }
  const count = (verdict: Standing['verdict']) => table.filter((each) => each.verdict === verdict).length;
  console.log(
    `${title}: ${table.length} cases, ${count('holds')} hold, ${count('reason')} by a reason, ${count('here not')} skipped on this machine, ${count('fails')} fail, ${count('open')} without a test or a reason`,
  );
}

/** Failures first, then one of each file, then the rest. */
function told(tests: readonly CaseResult[]): readonly CaseResult[] {
  const failed = tests.filter(({ result }) => result === 'fail');
  const firsts = tests.filter(({ file }, index) => tests.findIndex((each) => each.file === file) === index);
  return [...new Set([...failed, ...firsts, ...tests])].slice(0, Math.max(NAMES_TOLD, failed.length));
}

const security = SECURITY_CASES.filter(wanted);
const reliability = RELIABILITY_CASES.filter(wanted);
const results = isListed
  ? caseTests().map((each): CaseResult => ({ ...each, result: 'pass' }))
  : from === undefined
    ? await run([...security, ...reliability])
    : resultsIn(from);
const tables = [
  ['Security', standings(security, results)],
  ['Reliability', standings(reliability, results)],
] as const;
for (const [title, table] of tables) if (table.length > 0) print(title, table);
const isBad = ({ verdict }: Standing): boolean => verdict === 'open' || verdict === 'fails';
process.exitCode = tables.some(([, table]) => table.some(isBad)) ? 1 : 0;
