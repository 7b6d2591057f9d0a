/** A disk of a test's own that is soon full. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmdirSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const DISK_MB = 32;

/** A file system of its own, as small as that. */
export async function smallDisk(use: (path: string) => Promise<void>): Promise<void> {
  const path = mkdtempSync(join(tmpdir(), 'gantry-small-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MB}m,mode=0710`, 'gantry-test', path]);
  try {
    await use(path);
  } finally {
    execFileSync('umount', [path]);
    rmdirSync(path);
  }
}

/** Until not one page is free. */
export function fill(path: string): void {
  const fd = openSync(path, 'w');
  try {
    for (const piece of [1 << 20, 4096]) fillBy(fd, Buffer.alloc(piece, 'x'));
  } finally {
    closeSync(fd);
  }
}

function fillBy(fd: number, piece: Buffer): void {
  for (;;)
    try {
      writeSync(fd, piece);
    } catch (error) {
      assert.match(String(error), /ENOSPC/);
      return;
    }
}
