/** The table of limits in docs/reliability.md says what the sources say. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '..');
const DOCUMENT = readFileSync(join(ROOT, 'docs/reliability.md'), 'utf8');
const UNITS: Readonly<Record<string, number>> = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, s: 1000, ms: 1 };

const rows = (/^## Limits\n(.*?)^## /ms.exec(DOCUMENT)?.[1] ?? '')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !/^\| (what \||---)/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, what = '', bound = '', setBy = '', , shownBy = '']) => ({ what, bound, setBy, shownBy }));

/** `4 MiB`, `60 s`, `1,000`. */
function toldIn(bound: string): number {
  const [, digits = '', unit = ''] = /^([\d,]+)(?: (\w+))?$/.exec(bound) ?? [];
  return Number(digits.replaceAll(',', '')) * (UNITS[unit] ?? 1);
}

/** The number that a constant, or a member of one, is set to: a product, a power or a shift of numbers. */
function setIn(source: string, name: string): number {
  const found = new RegExp(`\\b${name}(?:: \\w+)?\\s*[=:]\\s*(\\d[\\d_ *<]*)`).exec(source);
  const [first, operator, ...rest] = (found?.[1] ?? '')
    .replaceAll('_', '')
    .trim()
    .split(/ (\*\*|\*|<<) /);
  const factors = rest.filter((_, at) => at % 2 === 0).map(Number);
  if (operator === '<<') return Number(first) * 2 ** (factors[0] ?? Number.NaN);
  if (rest.includes('**')) return Number(first) * (factors[0] ?? Number.NaN) ** (factors[1] ?? Number.NaN);
  return factors.reduce((product, factor) => product * factor, Number(first));
}

test('the table of limits is there', () => assert.ok(rows.length > 30, `${rows.length} rows`));

for (const { what, bound, setBy, shownBy } of rows)
  test(`limit of ${what}: as it is set, and its tests are there`, () => {
    const [, name = '', file = ''] = /^`(\w+)` in `([^`]+)`$/.exec(setBy) ?? [];
    assert.ok(existsSync(join(ROOT, file)), `where it is set: ${setBy}`);
    assert.equal(toldIn(bound), setIn(readFileSync(join(ROOT, file), 'utf8'), name), `${name} in ${file}`);
    for (const [, path = ''] of shownBy.matchAll(/`([^`]+)`/g))
      assert.ok(existsSync(join(ROOT, path)), `${path} shows it`);
  });
