/**
 * Times of directories, which what is written into them would change: they are set when an archive is over. Of a very
 * large one sooner, for an archive of a few megabytes may have more directories, with longer paths, than memory holds.
 */
import { closeSync, fstatSync } from 'node:fs';
import type { ByteText } from '../../formats/tar/entry.ts';
import { setTimesFd } from '../../linux/index.ts';

/** Directories whose times wait, each with its path of up to 4 KiB. */
const WAITING_MAX = 4096;

type Times = readonly [atimeNanos: bigint, mtimeNanos: bigint];

/** Times of directories, which are set when nothing more comes into them. */
export class DirectoryTimes {
  readonly #open: (path: ByteText) => number;
  readonly #waiting = new Map<ByteText, Times>();
  /** Inodes of those that have their times already. */
  readonly #settled = new Set<number>();

  /** `open`: a descriptor of a directory, negative when it is none any more. It is closed here. */
  constructor(open: (path: ByteText) => number) {
    this.#open = open;
  }

  set(path: ByteText, times: Times): void {
    this.#waiting.delete(path);
    this.#waiting.set(path, times);
    if (this.#waiting.size <= WAITING_MAX) return;
    const [oldest] = this.#waiting.keys();
    this.#settle(oldest!);
  }

  /** Something is about to be made or removed in the directory `path`, which is open as `fd`. */
  writing(path: ByteText, fd: number): void {
    if (this.#settled.size === 0 || this.#waiting.has(path)) return;
    if (!this.#settled.delete(fstatSync(fd).ino)) return;
    const { atimeNs, mtimeNs } = fstatSync(fd, { bigint: true });
    this.set(path, [atimeNs, mtimeNs]);
  }

  finish(): void {
    for (const path of this.#waiting.keys()) this.#settle(path);
  }

  #settle(path: ByteText): void {
    const times = this.#waiting.get(path);
    this.#waiting.delete(path);
    const fd = this.#open(path);
    if (fd < 0 || times === undefined) return;
    try {
      setTimesFd(fd, ...times);
      this.#settled.add(fstatSync(fd).ino);
    } finally {
      closeSync(fd);
    }
  }
}
