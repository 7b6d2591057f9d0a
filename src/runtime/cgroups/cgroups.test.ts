import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { presentCgroups } from './cgroups.ts';

test('of many cgroups those are found that are there, in whatever hierarchy', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'cgroups-'));
  t.after(() => rmSync(root, { recursive: true }));
  for (const path of ['memory/engine/a', 'memory/other', 'pids/engine/b'])
    mkdirSync(join(root, path), { recursive: true });
  const host = {
    version: 1,
    mounts: new Map([
      ['memory', join(root, 'memory')],
      ['pids', join(root, 'pids')],
    ]),
    controllers: new Set<string>(),
    hide: undefined,
  } as const;
  const asked = ['/engine/a', '/engine/b', '/engine/c', '/other', '/nowhere/d'];
  assert.deepEqual(presentCgroups(host, asked), ['/engine/a', '/engine/b', '/other']);
});
