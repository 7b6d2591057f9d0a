/** Copies trees: layers over each other where overlays cannot be mounted, and what an image has in the place of a volume. */
import { closeSync, constants, lstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { type IdMap, toContainer } from '../../base/id-map.ts';
import type { ByteText, TarEntry } from '../../formats/tar/entry.ts';
import { ERRNO, pathBytes, SystemError, tryOpenDirectoryInRoot } from '../../linux/index.ts';
import { describe, describeLink, typeOf } from '../lookup/describe.ts';
import { TreeWriter } from './tree-writer.ts';

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
const COPY_BYTES = 1 << 20;

/** Copies `layers`, bottom first, over each other into the directory `into`; their whiteouts (`.wh.x`) remove. */
export function flatten(layers: readonly string[], into: string): undefined {
  const root = openSync(into, constants.O_RDONLY | constants.O_DIRECTORY);
  const writer = new TreeWriter(root, { whiteouts: 'plain' });
  try {
    for (const layer of layers) new TreeCopy(layer, into, writer).layer('');
    writer.finish();
  } finally {
    writer.close();
    closeSync(root);
  }
}

const NO_DIRECTORY = [-ERRNO.ENOENT, -20 /* ENOTDIR */, -40 /* ELOOP */];

/**
 * Copies the directory `path` of the tree at `root` into the directory `into`, with its own owner, mode and times.
 * Links on the way are resolved inside `root`, links below it are copied as links. `map`: owners are read by it.
 * Undefined: there is no such directory.
 */
export function copyDirectory(
  root: string,
  path: string,
  into: string,
  map?: IdMap | undefined,
): 'copied' | undefined {
  const from = openSync(root, constants.O_RDONLY | constants.O_DIRECTORY);
  const found = tryOpenDirectoryInRoot(from, pathBytes(Buffer.from(path).toString('latin1')));
  closeSync(from);
  if (NO_DIRECTORY.includes(found)) return undefined;
  if (found < 0) throw new SystemError('openat2', -found, path);
  const target = openSync(into, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  const writer = new TreeWriter(target, { whiteouts: 'plain' });
  try {
    new TreeCopy(`/proc/self/fd/${found}/.`, into, writer, map).tree('');
    writer.finish();
    return 'copied';
  } finally {
    writer.close();
    closeSync(target);
    closeSync(found);
  }
}

/** One tree on its way. It is ours alone and does not change: it is walked by path, links are never followed. */
class TreeCopy {
  readonly #room = Buffer.alloc(COPY_BYTES);
  readonly #zeros = Buffer.alloc(COPY_BYTES);
  /** By which owners are read. */
  readonly #map: IdMap | undefined;
  readonly #from: string;
  readonly #into: string;
  readonly #writer: TreeWriter;
  /** First name of each file that has several. */
  readonly #names = new Map<string, ByteText>();

  constructor(from: string, into: string, writer: TreeWriter, map?: IdMap | undefined) {
    this.#map = map;
    this.#from = from;
    this.#into = into;
    this.#writer = writer;
  }

  /** A directory of a layer: names that begin with `.wh.` are whiteouts. */
  layer(path: ByteText): void {
    const names = namesIn(this.#at(path));
    const below = (name: ByteText): ByteText => (path === '' ? name : `${path}/${name}`);
    if (names.includes(OPAQUE)) this.#hideAll(path);
    for (const name of names)
      if (name.startsWith(WHITEOUT) && !name.startsWith(WHITEOUT.repeat(2)))
        this.#writer.discard(below(name.slice(WHITEOUT.length)));
    for (const name of names)
      if (!name.startsWith(WHITEOUT)) this.#entry(below(name), (inner) => this.layer(inner));
  }

  /** A directory as it stands, with itself. */
  tree(path: ByteText): void {
    if (path === '') this.#entry('', () => undefined);
    for (const name of namesIn(this.#at(path)))
      this.#entry(path === '' ? name : `${path}/${name}`, (inner) => this.tree(inner));
  }

  #hideAll(path: ByteText): void {
    const target = Buffer.from(path === '' ? this.#into : `${this.#into}/${path}`, 'latin1');
    for (const name of namesIn(target)) this.#writer.discard(path === '' ? name : `${path}/${name}`);
  }

  #entry(path: ByteText, descend: (path: ByteText) => void): void {
    const source = this.#at(path);
    const stat = lstatSync(source, { bigint: true });
    const type = typeOf(stat);
    if (type === undefined) return; // a socket: it means nothing without the process that listens
    const key = `${stat.dev}:${stat.ino}`;
    const several = !stat.isDirectory() && stat.nlink > 1n;
    const first = several ? this.#names.get(key) : undefined;
    if (first !== undefined) {
      this.#writer.entry(this.#owned(describeLink(path, first, stat)));
      this.#writer.end();
      return;
    }
    if (several) this.#names.set(key, path);
    this.#writer.entry(
      this.#owned(describe(path === '' ? './' : path, type, source.toString('latin1'), stat)),
    );
    if (stat.isFile()) this.#content(source);
    this.#writer.end();
    if (stat.isDirectory()) descend(path);
  }

  #owned(entry: TarEntry): TarEntry {
    return this.#map === undefined ? entry : { ...entry, ...toContainer(this.#map, entry) };
  }

  /** Blocks of zeros are left out: holes stay holes. */
  #content(source: Buffer): void {
    const fd = openSync(source, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      let at = 0;
      for (let n = readSync(fd, this.#room); n > 0; n = readSync(fd, this.#room)) {
        const chunk = this.#room.subarray(0, n);
        if (!chunk.equals(this.#zeros.subarray(0, n))) this.#writer.data(chunk, at);
        at += n;
      }
    } finally {
      closeSync(fd);
    }
  }

  #at(path: ByteText): Buffer {
    return Buffer.concat([Buffer.from(this.#from), Buffer.from(path === '' ? '' : `/${path}`, 'latin1')]);
  }
}

/** Names of a directory in one character a byte; what is no directory has none. */
function namesIn(path: Buffer): ByteText[] {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isDirectory()
    ? readdirSync(path, { encoding: 'buffer' }).map((name) => name.toString('latin1'))
    : [];
}
