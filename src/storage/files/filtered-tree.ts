/** A source's files without those that somebody excludes. */
import { type IgnoreMatcher, ignoreMatcher } from '../../formats/ignore-patterns.ts';
import type { ByteText, TarEntry } from '../../formats/tar/entry.ts';
import type { Content } from './content.ts';
import type { FileNode } from './node.ts';

/** The tree below `node`, whose path is '', without what patterns exclude. A directory stays when something in it does. */
export const without = (node: FileNode, patterns: readonly ByteText[] | undefined): FileNode =>
  patterns === undefined || patterns.length === 0
    ? node
    : new FilteredNode(node, '', ignoreMatcher(patterns));

class FilteredNode implements FileNode {
  readonly #node: FileNode;
  readonly #path: ByteText;
  readonly #matcher: IgnoreMatcher;

  constructor(node: FileNode, path: ByteText, matcher: IgnoreMatcher) {
    this.#node = node;
    this.#path = path;
    this.#matcher = matcher;
  }

  get type(): FileNode['type'] {
    return this.#node.type;
  }
  get linkPath(): ByteText {
    return this.#node.linkPath;
  }
  get identity(): string | undefined {
    return this.#node.identity;
  }
  find(name: ByteText): FileNode | undefined {
    const found = this.#node.find(name);
    if (!found) return undefined;
    const node = new FilteredNode(found, this.#path === '' ? name : `${this.#path}/${name}`, this.#matcher);
    return node.#isShown() ? node : undefined;
  }
  names(): ByteText[] {
    return this.#node.names().filter((name) => this.find(name) !== undefined);
  }
  describe(path: ByteText): TarEntry {
    return this.#node.describe(path);
  }
  open(): Content {
    return this.#node.open();
  }
  hash(cancelled: AbortSignal): Promise<Buffer> {
    return this.#node.hash(cancelled);
  }

  #isShown(): boolean {
    if (!this.#matcher.excludes(this.#path)) return true;
    if (this.type !== 'directory' || !this.#matcher.couldHaveExceptionsBelow(this.#path)) return false;
    return this.#node.names().some((name) => this.find(name) !== undefined);
  }
}
