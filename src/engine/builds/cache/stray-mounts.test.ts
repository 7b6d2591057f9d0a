import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { strayMounts } from './stray-mounts.ts';

const row = { id: 'a', createdAt: '', lastUsedAt: '', uses: 1 };
const aside = { text: '', damage: '' };

test('a directory is stray when no row speaks of it, not even one that cannot be read', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'gantry-stray-'));
  t.after(() => rmSync(root, { recursive: true }));
  for (const name of ['kept', 'aside', 'stray']) mkdirSync(join(root, name));
  const read = { rows: new Map([['kept', row]]), setAside: new Map([['aside', aside]]), rowsWereLost: false };
  assert.deepEqual(strayMounts(root, read), [join(root, 'stray')]);
  assert.deepEqual(strayMounts(root, { ...read, rowsWereLost: true }), []);
  assert.deepEqual(strayMounts(join(root, 'none'), read), []);
});
