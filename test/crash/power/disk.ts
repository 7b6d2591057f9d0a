/**
 * A disk that forgets: a file with a file system on it that writes nothing back by itself. A copy of the file at any moment
 * has what was synced by then, as a disk has it whose power goes, and little else.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { until } from '../../harness/until.ts';

const BYTES = 512 << 20;
/** Its journal is not committed by time, and a rename over a file does not sync that file's bytes. */
const OPTIONS = 'loop,commit=1000,noauto_da_alloc';

/** A file system in a file, mounted. */
export class Disk {
  readonly #file: string;
  readonly #device: string;
  /** Where it is mounted. */
  readonly path: string;

  private constructor(file: string, path: string) {
    this.#file = file;
    this.path = path;
    mkdirSync(path);
    execFileSync('mount', ['-t', 'ext4', '-o', OPTIONS, file, path]);
    this.#device = execFileSync('findmnt', ['-no', 'SOURCE', path], { encoding: 'utf8' }).trim();
  }

  /** An empty one, in a directory. */
  static make(home: string): Disk {
    const file = join(home, 'disk');
    writeFileSync(file, '');
    truncateSync(file, BYTES);
    execFileSync('mkfs.ext4', ['-q', '-F', file]);
    return new Disk(file, join(home, 'mounted'));
  }

  /** What another machine finds on it when its power goes now. The caller sees to it that nobody writes meanwhile. */
  async copy(home: string): Promise<Disk> {
    mkdirSync(home);
    await until(() => this.#isQuiet());
    execFileSync('cp', ['--sparse=always', this.#file, join(home, 'disk')]);
    return new Disk(join(home, 'disk'), join(home, 'mounted'));
  }

  /** Whether no write is on its way to the file. */
  #isQuiet(): boolean {
    const stat = readFileSync(`/sys/block/${basename(this.#device)}/stat`, 'utf8')
      .trim()
      .split(/\s+/);
    return Number(stat[8]) === 0;
  }

  end(): void {
    execFileSync('umount', [this.path]);
    rmSync(this.#file);
    assert.equal(execFileSync('losetup', ['-j', this.#file], { encoding: 'utf8' }), '');
  }
}

/** Why there can be none here; undefined: there can. */
export function noDisk(): string | undefined {
  try {
    execFileSync('losetup', ['-f'], { stdio: 'pipe' });
    execFileSync('mkfs.ext4', ['-V'], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return String(error).split('\n')[0];
  }
}
