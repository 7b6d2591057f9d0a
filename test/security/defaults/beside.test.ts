/** A plain container's defaults beside dockerd's: as strict, or stricter, in every row of the table. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Column, ofDockerd, ofGantry } from './engines.ts';
import { rows, WRITABLE } from './rows.ts';
import { beyond } from './table.ts';

let gantry: Column;
let dockerd: Column;
const ends: (() => Promise<void>)[] = [];
before(async () => {
  const scope = { after: (end: () => Promise<void>) => void ends.push(end) };
  gantry = await ofGantry(scope);
  dockerd = await ofDockerd(scope);
});
after(async () => {
  for (const end of ends.reverse()) await end();
});

/** The cases that rows are about; the others have tests of their own. */
const CASES: readonly (readonly [RegExp, string])[] = [
  [/^capabilities/, 'SC-DEF-01'],
  [/^system calls/, 'SC-DEF-02'],
  [/^files of the kernel/, 'SC-DEF-03'],
  [/^settings of the kernel|^what may be done/, 'SC-DEF-04'],
  [/^set-id/, 'SC-DEF-05'],
  [/^devices/, 'SC-DEF-07'],
  [/^namespaces/, 'SC-DEF-09'],
  [/^variables/, 'SC-DEF-11'],
  [/^limits|^keys|^files made/, 'SC-DEF-12'],
  [/^settings of its network/, 'SC-DEF-13'],
];

for (const row of rows.filter(({ told }) => !told)) {
  const id = CASES.find(([about]) => about.test(row.what))?.[1];
  test(`${id === undefined ? '' : `${id}: `}${row.what}: no more than dockerd gives`, (t) => {
    assert.ok(typeof gantry.seen !== 'string');
    if (typeof dockerd.seen === 'string') return t.skip(dockerd.seen);
    const [ours, theirs] = [gantry.seen.get(row)?.open ?? [], dockerd.seen.get(row)?.open ?? []];
    assert.deepEqual(beyond(ours, theirs), []);
  });
}

test('the probe sees what is open: a row without anything in it would say nothing', () => {
  const seen = (what: string) => {
    const row = rows.find((each) => each.what.startsWith(what));
    assert.ok(row !== undefined && typeof gantry.seen !== 'string');
    return gantry.seen.get(row) ?? { open: [], lines: [] };
  };
  assert.equal(seen('capabilities, bounding').open.length, 14);
  assert.ok(seen('system calls').open.length > 200, 'most calls are let through');
  assert.ok(seen('settings of the kernel').lines.includes(WRITABLE));
  assert.ok(seen('what may be done').open.includes('writes in /'));
  assert.ok(seen('devices that open').open.includes('c 1 3'), 'null opens when it is made');
  assert.deepEqual(seen('descriptors').open, ['0', '1', '2']);
  assert.equal(seen('keys').lines.length, 4);
});
