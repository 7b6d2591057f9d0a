import assert from 'node:assert/strict';
import { test } from 'node:test';
import { untilFilter } from './filters.ts';

for (const text of ['', 'x', ' 2026-01-02', '2026-13-45', '1h2', '9'.repeat(5000)])
  test(`until=${JSON.stringify(text.slice(0, 20))} is the client’s mistake`, () =>
    assert.throws(() => untilFilter(new Map([['until', [text]]]), 0n), { name: 'InvalidArgument' }));

test('until is a span before now, a date or seconds', () => {
  const nanos = (text: string) => untilFilter(new Map([['until', [text]]]), 10n ** 18n);
  assert.equal(nanos('1h'), 10n ** 18n - 3600n * 10n ** 9n);
  assert.equal(nanos('2001-09-09T01:46:40Z'), 10n ** 18n);
  assert.equal(nanos('1.5'), 1_500_000_000n);
});
