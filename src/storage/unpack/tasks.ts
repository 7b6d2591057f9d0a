/** What a tree thread does: unpack a layer, take an outer archive apart, remove, measure, sync. */
import { createHash, type Hash } from 'node:crypto';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type ByteText, type TarEntry, TarError } from '../../formats/tar/entry.ts';
import { pathBelowRoot } from '../../formats/tar/path.ts';
import { TarReader, type TarSink } from '../../formats/tar/reader.ts';
import { pathBytes, removeTreeAt, syncFileSystem } from '../../linux/index.ts';
import { findDirectory, findPath, openDirectory } from '../pack/find.ts';
import { changes, compressed, pack, packDifferences } from '../pack/tasks.ts';
import type { DemuxedMember, Results, Source, Task, Unpacked } from '../threads/protocol.ts';
import { filtered } from './filter.ts';
import { copyDirectory, flatten } from './flatten.ts';
import { type Chunks, chunksOf, inflated, sniff } from './sources.ts';
import { treeBytes } from './tree-bytes.ts';
import { TreeWriter } from './tree-writer.ts';

/** Does one task. `cancelled` ends it between two chunks. */
export async function perform(task: Task, cancelled: AbortSignal): Promise<Results[keyof Results]> {
  switch (task.is) {
    case 'unpack':
      return unpack(task, cancelled);
    case 'demux':
      return demux(task, cancelled);
    case 'flatten':
      return flatten(task.layers, task.into);
    case 'copy':
      return copyDirectory(task.root, task.path, task.into);
    case 'find':
      return findPath(task.root, task.path, task.follow);
    case 'findDirectory':
      return findDirectory(task.root, task.path);
    case 'pack':
      return pack(task, cancelled);
    case 'put':
      return put(task, cancelled);
    case 'changes':
      return changes(task.sides);
    case 'packDiff':
      return packDifferences(task, cancelled);
    case 'compress':
      return compressed(task, cancelled);
    case 'remove':
      removeTreeAt(-100, pathBytes(Buffer.from(task.path).toString('latin1')));
      return undefined;
    case 'measure':
      return treeBytes(task.path, task.links);
    case 'sync':
      return sync(task.path);
    default:
      return task satisfies never;
  }
}

/** Bytes on their way in: counted, hashed and kept as asked, before anything understands them. */
class Intake {
  readonly #hash: Hash | undefined;
  readonly #fd: number | undefined;
  bytes = 0;

  constructor(hash: boolean, keepAs: string | undefined) {
    this.#hash = hash ? createHash('sha256') : undefined;
    this.#fd = keepAs === undefined ? undefined : openSync(keepAs, 'wx', 0o600);
  }
  take(chunk: Buffer): void {
    this.bytes += chunk.length;
    this.#hash?.update(chunk);
    if (this.#fd !== undefined) writeAll(this.#fd, chunk);
  }
  digest(): string | undefined {
    return this.#hash?.digest('hex');
  }
  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
  }
}

/**
 * The plain bytes of `source`, whatever its compression; `intake` sees what came. Programs that decompress want a file:
 * then everything is taken in first.
 */
async function* plain(
  source: Source,
  intake: Intake,
  keepAs: string | undefined,
  cancelled: AbortSignal,
): Chunks {
  const { compression, chunks } = await sniff(through(chunksOf(source, cancelled), intake), source);
  if (compression === 'none') yield* chunks;
  else if (compression === 'gzip' || compression === 'zstd') yield* inflated(chunks, compression);
  else {
    for await (const _ of chunks); // taken in
    yield* filtered(source.is === 'file' ? source.path : keepAs!, compression);
  }
}

async function* through(chunks: Chunks, intake: Intake): Chunks {
  for await (const chunk of chunks) {
    intake.take(chunk);
    yield chunk;
  }
}

async function unpack(task: Extract<Task, { is: 'unpack' }>, cancelled: AbortSignal): Promise<Unpacked> {
  const root = openSync(task.into, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  const writer = new TreeWriter(root, { whiteouts: task.whiteouts });
  const intake = new Intake(task.hashSource, task.keepAs);
  try {
    const reader = new TarReader(writer);
    const diff = createHash('sha256');
    let plainBytes = 0;
    for await (const chunk of plain(task.source, intake, task.keepAs, cancelled)) {
      diff.update(chunk);
      plainBytes += chunk.length;
      reader.push(chunk);
    }
    reader.finish();
    writer.finish();
    const totals = writer.totals;
    return {
      diffHash: diff.digest('hex'),
      sourceHash: intake.digest(),
      sourceBytes: intake.bytes,
      plainBytes,
      totals: totals.replaced ? { ...totals, bytes: treeBytes(task.into) } : totals,
    };
  } finally {
    intake.close();
    writer.close();
    closeSync(root);
  }
}

/** Into a container: what is there stays, and what comes is added or replaces. */
async function put(
  { source, guest, spool }: Extract<Task, { is: 'put' }>,
  cancelled: AbortSignal,
): Promise<undefined> {
  const { fd, path } = openDirectory(guest.root, guest.base);
  const writer = new TreeWriter(fd, { whiteouts: 'plain', guest: { ...guest, base: path } });
  try {
    const reader = new TarReader(writer);
    for await (const chunk of outerPlain(await sniff(chunksOf(source, cancelled), source), spool))
      reader.push(chunk);
    reader.finish();
    writer.finish();
    return undefined;
  } finally {
    writer.close();
    closeSync(fd);
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
      this.members.push({ is: 'link', path, target: pathBelowRoot(base + entry.linkPath), hard: false });
    } else if (entry.type === 'hardlink')
      this.members.push({ is: 'link', path, target: pathBelowRoot(entry.linkPath), hard: true });
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
    writeAll(file.fd, bytes);
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

async function demux(task: Extract<Task, { is: 'demux' }>, cancelled: AbortSignal): Promise<DemuxedMember[]> {
  // Only a filter program needs the archive as a whole; the file is made when one is.
  const whole = join(task.into, 'archive');
  const sniffed = await sniff(chunksOf(task.source, cancelled), task.source);
  const files = new MemberFiles(task.into);
  try {
    const reader = new TarReader(files);
    for await (const chunk of outerPlain(sniffed, whole)) reader.push(chunk);
    reader.finish();
    return files.members;
  } finally {
    files.close();
  }
}

async function* outerPlain(
  { compression, chunks }: Awaited<ReturnType<typeof sniff>>,
  whole: string,
): Chunks {
  if (compression === 'none') yield* chunks;
  else if (compression === 'gzip' || compression === 'zstd') yield* inflated(chunks, compression);
  else {
    const intake = new Intake(false, whole);
    try {
      for await (const chunk of chunks) intake.take(chunk);
    } finally {
      intake.close();
    }
    yield* filtered(whole, compression);
  }
}

function writeAll(fd: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at);
}

function sync(path: string): undefined {
  const fd = openSync(path, constants.O_RDONLY);
  try {
    syncFileSystem(fd);
  } finally {
    closeSync(fd);
  }
}
