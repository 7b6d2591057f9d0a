/** Small archives, by Debian's tar: what the checks send and read. */
import { execFileSync } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file of an archive that is made. */
export interface Entry {
  readonly name: string;
  readonly content: string;
  readonly uid?: number;
  readonly gid?: number;
}

/** An archive of these files; for a check to send. */
export function pack(entries: readonly Entry[]): Buffer {
  const directory = mkdtempSync(join(tmpdir(), 'conformance-'));
  try {
    for (const { name, content, uid = 0, gid = 0 } of entries) {
      writeFileSync(join(directory, name), content);
      chownSync(join(directory, name), uid, gid);
    }
    return execFileSync(
      'tar',
      ['-C', directory, '--numeric-owner', '-cf', '-', ...entries.map(({ name }) => name)].concat(
        entries.length === 0 ? ['-T', '/dev/null'] : [],
      ),
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What an archive holds, in its order. */
export function read(bytes: Buffer): { name: string; content: string; uid: number; gid: number }[] {
  const found: { name: string; content: string; uid: number; gid: number }[] = [];
  const text = (at: number, length: number) =>
    bytes.toString('latin1', at, at + length).replace(/\0.*$/s, '');
  for (let at = 0; at + 512 <= bytes.length && bytes[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, 12), 8) || 0;
    const number = (from: number) => Number.parseInt(text(at + from, 8), 8);
    const type = text(at + 156, 1);
    // Extended headers hold times and the like, which no check reads.
    if (type !== 'x' && type !== 'g')
      found.push({
        name: text(at, 100),
        content: bytes.toString('utf8', at + 512, at + 512 + size),
        uid: number(108),
        gid: number(116),
      });
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return found;
}
