import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Told } from './members.ts';
import { PieceMemory } from './piece-memory.ts';
import { TreePacker } from './tree-packer.ts';

/** The archive of a directory, whole. */
function packed(directory: string, times: Told): Buffer {
  const root = openSync(directory, 'r');
  const packer = new TreePacker(root, new PieceMemory(), times);
  try {
    // Pieces lie in memory that is used again.
    return Buffer.concat(Array.from(packer.everything(), (piece) => Buffer.from(piece)));
  } finally {
    packer.close();
    closeSync(root);
  }
}

/** The octal time and the type of the archive's first header. */
const firstOf = (archive: Buffer) => ({
  seconds: Number.parseInt(archive.toString('latin1', 136, 147), 8),
  type: archive.toString('latin1', 156, 157),
});

test('times in seconds need no extended header, which simple readers take for the file; exact ones have it', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'packed-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  writeFileSync(join(directory, 'f'), 'content');
  utimesSync(join(directory, 'f'), 1_700_000_000.75, 1_700_000_000.75);
  assert.deepEqual(firstOf(packed(directory, { inSeconds: true })), { seconds: 1_700_000_000, type: '0' });
  assert.equal(firstOf(packed(directory, {})).type, 'x');
});
