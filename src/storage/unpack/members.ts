/** Takes an outer archive apart: each file in it becomes a numbered file, hashed on the way. */
import { createHash, type Hash } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type ByteText, type TarEntry, TarError } from '../../formats/tar/entry.ts';
import { pathBelowRoot } from '../../formats/tar/path.ts';
import { TarReader, type TarSink } from '../../formats/tar/reader.ts';
import { writeAll } from '../../linux/index.ts';
import { plainSpooled } from './intake.ts';
import type { Incoming } from './sources.ts';

/** One member of an outer archive; paths are clean, in one character a byte. */
export type DemuxedMember =
  | {
      readonly is: 'file';
      readonly path: string;
      readonly file: string;
      readonly bytes: number;
      readonly hash: string;
    }
  | { readonly is: 'link'; readonly path: string; readonly target: string }
  | { readonly is: 'directory'; readonly path: string };

/** Its members, their bytes in files of the directory `into`. @throws TarError when the archive is to blame, SystemError */
export async function demux(incoming: Incoming, into: string): Promise<DemuxedMember[]> {
  // Only a filter program needs the archive as a whole; the file is made when one is.
  const whole = join(into, 'archive');
  const files = new MemberFiles(into);
  try {
    const reader = new TarReader(files);
    for await (const chunk of plainSpooled(incoming, whole)) reader.push(chunk);
    reader.finish();
    return files.members;
  } finally {
    files.close();
  }
}

/** Members of one outer archive: a layout of 500 layers has about 1,500. */
const MEMBERS_MAX = 65_536;

/** Writes each file of an outer archive to a numbered file, hashed on the way; nothing gets a name from the archive. */
class MemberFiles implements TarSink {
  readonly members: DemuxedMember[] = [];
  readonly #into: string;
  #open: { fd: number; file: string; path: ByteText; hash: Hash; bytes: number; size: number } | undefined;

  constructor(into: string) {
    this.#into = into;
  }
  entry(entry: TarEntry): void {
    if (this.members.length >= MEMBERS_MAX) throw new TarError('archive with too many members');
    const path = pathBelowRoot(entry.path);
    if (entry.type === 'directory') this.members.push({ is: 'directory', path });
    else if (entry.type === 'symlink') {
      const base = entry.linkPath.startsWith('/') ? '' : `${dirname(path)}/`;
      this.members.push({ is: 'link', path, target: pathBelowRoot(base + entry.linkPath) });
    } else if (entry.type === 'hardlink')
      this.members.push({ is: 'link', path, target: pathBelowRoot(entry.linkPath) });
    else if (entry.type === 'file') {
      const file = join(this.#into, String(this.members.length));
      this.#open = {
        fd: openSync(file, 'wx', 0o600),
        file,
        path,
        hash: createHash('sha256'),
        bytes: 0,
        size: entry.size,
      };
    } else throw new TarError(`${JSON.stringify(path)}: a ${entry.type} has no place in an image archive`);
  }
  data(bytes: Buffer, offset: number): void {
    const file = this.#open!;
    if (offset !== file.bytes)
      throw new TarError(`${JSON.stringify(file.path)}: a sparse file has no place in an image archive`);
    writeAll(file.fd, bytes, file.bytes);
    file.hash.update(bytes);
    file.bytes += bytes.length;
  }
  end(): void {
    const file = this.#open;
    if (!file) return;
    if (file.bytes !== file.size)
      throw new TarError(`${JSON.stringify(file.path)}: a sparse file has no place in an image archive`);
    this.members.push({
      is: 'file',
      path: file.path,
      file: file.file,
      bytes: file.bytes,
      hash: file.hash.digest('hex'),
    });
    this.close();
  }
  close(): void {
    if (this.#open) closeSync(this.#open.fd);
    this.#open = undefined;
  }
}
