import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { programPages, releaseProgramPages } from './memory.ts';

test('what can be let go is of files, and nothing that was or could be written to', () => {
  const mapping = (line: string, anonymousKib: number) =>
    `${line}\nSize: 12 kB\nRss: 12 kB\nAnonymous:             ${anonymousKib} kB\nVmFlags: rd ex\n`;
  const smaps = [
    mapping('00400000-00746000 r--p 00000000 fe:00 5309845     /usr/bin/node', 0),
    mapping('0074a000-03044000 r-xp 0034a000 fe:00 5309845     /usr/bin/node', 0),
    mapping('03044000-03201000 r--p 02c44000 fe:00 5309845     /usr/bin/node', 1780),
    mapping('03201000-03216000 rw-p 02e01000 fe:00 5309845     /usr/bin/node', 0),
    mapping('7fe490000000-7fe490021000 rwxp 00000000 00:00 0', 0),
    mapping('7fe4a0000000-7fe4a0021000 r--p 00000000 00:00 0', 0),
    mapping('7fe4a1000000-7fe4a1021000 r--s 00000000 fe:00 77   /var/lib/records-shm', 0),
    mapping('7fe4fa964000-7fe4faaba000 r-xp 00026000 fe:00 339380   /usr/lib/libc.so.6', 0),
    mapping('7ffd3a1f0000-7ffd3a1f2000 r-xp 00000000 00:00 0   [vdso]', 0),
  ].join('');
  assert.deepEqual(programPages(smaps), [
    { start: 0x400000, end: 0x746000 },
    { start: 0x74a000, end: 0x3044000 },
    { start: 0x7fe4fa964000, end: 0x7fe4faaba000 },
  ]);
});

test('what was let go is mapped again where it is used', () => {
  // Not the proportional size: other programs of the same file come and go.
  const mappedKib = () => Number(/^RssFile:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
  const before = mappedKib();
  releaseProgramPages();
  const after = mappedKib();
  assert(after < before / 2, `${before} KiB of files, then ${after} KiB`);
  assert.equal(new Intl.NumberFormat('de').format(1234.5), '1.234,5');
  assert.match(new Date(0).toLocaleString('en', { timeZone: 'UTC' }), /1970/);
  releaseProgramPages();
  assert.equal(new Intl.NumberFormat('de').format(9876.5), '9.876,5');
});
