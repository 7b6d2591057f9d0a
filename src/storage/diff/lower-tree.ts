/** What several layers show together, looked at name by name. Layers are ours and do not change: paths are safe. */
import { type BigIntStats, lstatSync, readdirSync } from 'node:fs';
import type { ByteText } from '../../formats/tar/entry.ts';
import { getXattr } from '../../linux/index.ts';

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
const OPAQUE_XATTR = 'trusted.overlay.opaque';

/** A directory as the layers show it: those that have a part in it, topmost first. */
export interface LowerDirectory {
  readonly parts: readonly Buffer[];
}

/** Something that the layers below show at a name. */
export interface LowerEntry {
  readonly stat: BigIntStats;
  /** Where the topmost layer has it. */
  readonly at: Buffer;
  /** What is in it, when it is a directory. */
  readonly directory: LowerDirectory | undefined;
}

/** How layers say that something is gone: as overlayfs does, or by names (`.wh.x`) where there is no overlay. */
export type Whiteouts = 'overlay' | 'plain';

/** The layers below a container, as one tree. */
export class LowerTree {
  readonly root: LowerDirectory;
  readonly #whiteouts: Whiteouts;

  /** `layers`: topmost first. */
  constructor(layers: readonly string[], whiteouts: Whiteouts) {
    this.root = { parts: layers.map((layer) => Buffer.from(layer)) };
    this.#whiteouts = whiteouts;
  }

  /** Undefined: there is nothing of that name. */
  find(directory: LowerDirectory | undefined, name: ByteText): LowerEntry | undefined {
    const parts: Buffer[] = [];
    let top: { stat: BigIntStats; at: Buffer } | undefined;
    for (const part of directory?.parts ?? []) {
      const at = inside(part, name);
      const stat = lstatSync(at, { bigint: true, throwIfNoEntry: false });
      if (!stat && this.#hides(part, name)) break;
      if (!stat) continue;
      if (this.#isWhiteout(stat)) break;
      if (!stat.isDirectory()) {
        top ??= { stat, at };
        break;
      }
      top ??= { stat, at };
      parts.push(at);
      if (this.#isOpaque(at)) break;
    }
    return top && { ...top, directory: parts.length > 0 ? { parts } : undefined };
  }

  /** Everything in a directory, in no order. */
  names(directory: LowerDirectory | undefined): ByteText[] {
    const all = new Set<ByteText>();
    for (const part of directory?.parts ?? [])
      for (const name of readdirSync(part, { encoding: 'latin1' }))
        if (this.#whiteouts === 'overlay' || !name.startsWith(WHITEOUT)) all.add(name);
    return [...all].filter((name) => this.find(directory, name) !== undefined);
  }

  #hides(part: Buffer, name: ByteText): boolean {
    return (
      this.#whiteouts === 'plain' &&
      lstatSync(inside(part, WHITEOUT + name), { throwIfNoEntry: false }) !== undefined
    );
  }

  #isWhiteout(stat: BigIntStats): boolean {
    return this.#whiteouts === 'overlay' && stat.isCharacterDevice() && stat.rdev === 0n;
  }

  #isOpaque(at: Buffer): boolean {
    return this.#whiteouts === 'overlay'
      ? isOpaque(at)
      : lstatSync(inside(at, OPAQUE), { throwIfNoEntry: false }) !== undefined;
  }
}

/** Whether overlayfs shows nothing below this directory of a layer. */
export const isOpaque = (at: Buffer): boolean =>
  getXattr(Buffer.concat([at, Buffer.from([0])]), OPAQUE_XATTR)?.toString() === 'y';

const inside = (directory: Buffer, name: ByteText): Buffer =>
  Buffer.concat([directory, Buffer.from(`/${name}`, 'latin1')]);
