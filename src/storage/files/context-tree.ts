/** The files of a build context, as nodes. */
import type { ByteText, TarEntry } from '../../formats/tar/entry.ts';
import { tarEntry } from '../../formats/tar/writer.ts';
import type { Content } from './content.ts';
import { ContextIndex, type Inode, type InodeFacts, type SharedIndex } from './context-index.ts';
import { byBytes, CAPABILITIES, type FileNode } from './node.ts';

/** The root of a context. `data`: the open file with its contents, the caller's to close when no node is used any more. */
export const contextRoot = (index: SharedIndex, data: number): FileNode =>
  new ContextNode(new ContextIndex(index), data, 0);

class ContextNode implements FileNode {
  readonly #index: ContextIndex;
  readonly #data: number;
  readonly #inode: Inode;
  #read: InodeFacts | undefined;

  constructor(index: ContextIndex, data: number, inode: Inode) {
    this.#index = index;
    this.#data = data;
    this.#inode = inode;
  }

  get #facts(): InodeFacts {
    this.#read ??= this.#index.facts(this.#inode);
    return this.#read;
  }
  get type(): InodeFacts['type'] {
    return this.#facts.type;
  }
  get linkPath(): ByteText {
    return this.type === 'symlink' ? this.#facts.text : '';
  }
  get identity(): string | undefined {
    return this.#index.namesOf(this.#inode) > 1 ? String(this.#inode) : undefined;
  }
  find(name: ByteText): FileNode | undefined {
    const found = this.type === 'directory' ? this.#index.find(this.#inode, name) : undefined;
    return found === undefined ? undefined : new ContextNode(this.#index, this.#data, found);
  }
  names(): ByteText[] {
    return this.#index.list(this.#inode).sort(byBytes);
  }
  describe(path: ByteText): TarEntry {
    const { text, offset: _, ...facts } = this.#facts;
    const hasCapabilities = facts.type === 'file' && text !== '';
    const xattrs = new Map(hasCapabilities ? [[CAPABILITIES, Buffer.from(text, 'latin1')]] : []);
    return tarEntry({ ...facts, path, linkPath: this.linkPath, xattrs });
  }
  open(): Content {
    const { offset, size } = this.#facts;
    return { fd: this.#data, from: offset, size, [Symbol.dispose]: () => undefined };
  }
  async hash(): Promise<Buffer> {
    return this.#index.hashOf(this.#inode);
  }
}
