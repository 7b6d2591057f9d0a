/** Sends files into a client's directory, in a tree thread: the sending side of the file sync protocol. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { goMode } from '../../formats/file-sync/mode.ts';
import { decodePacket, encodePacket, type FileStat } from '../../formats/file-sync/packet.ts';
import type { ByteText } from '../../formats/tar/entry.ts';
import { piecesOf } from '../files/content.ts';
import { goStat } from '../files/go-stat.ts';
import type { FileNode } from '../files/node.ts';
import { resolveExisting } from '../files/resolve.ts';
import { SyncError } from './sync-error.ts';
import type { ThreadTalk } from './talk.ts';

/** How files are changed on their way. */
export interface SentChanges {
  /** A directory that all are put in. */
  readonly prefix: ByteText | undefined;
  /** Everything's time; undefined: each keeps its own. */
  readonly mtimeNanos: bigint | undefined;
}

/** As much of a file as other senders put into one packet. */
const PIECE_BYTES = 32 << 10;
/** Files that are told before other work of the thread has its turn. */
const TOLD_AT_ONCE = 100;
/** Files that are remembered as they were found: each takes about a kilobyte. */
const NODES_MAX = 4096;
/** What a receiver says of its failure. */
const WORDS_MAX = 1000;

/** @throws SyncError, WireError, SystemError, and what the conversation ends with */
export async function sendFiles(
  talk: ThreadTalk,
  root: FileNode,
  changes: SentChanges,
  cancelled: AbortSignal,
): Promise<undefined> {
  const sender = new Sender(talk, root, changes, cancelled);
  const listening = sender.listen();
  const work = Promise.all([sender.tell(), sender.serve()]);
  await Promise.all([listening, work]);
  await talk.send(encodePacket({ is: 'fin' }));
  talk.flush();
}

/** One conversation. */
class Sender {
  readonly #talk: ThreadTalk;
  readonly #root: FileNode;
  readonly #changes: SentChanges;
  readonly #cancelled: AbortSignal;
  /** Files that can be asked for, by their number; of many no more than their paths. */
  readonly #files = new Map<number, FileNode | ByteText>();
  readonly #firstNames = new Map<string, ByteText>();
  readonly #asked: { readonly id: number; readonly file: FileNode | ByteText }[] = [];
  #told = 0;
  #isOver = false;
  #wake = (): void => {};

  constructor(talk: ThreadTalk, root: FileNode, changes: SentChanges, cancelled: AbortSignal) {
    this.#talk = talk;
    this.#root = root;
    this.#changes = changes;
    this.#cancelled = cancelled;
  }

  /** What the receiver asks for, until it has all. */
  async listen(): Promise<void> {
    try {
      for await (const messages of this.#talk.incoming)
        for (const message of messages) {
          this.#take(message);
          if (this.#isOver) return;
        }
      throw new SyncError('its receiver broke off');
    } finally {
      this.#isOver = true;
      this.#wake();
    }
  }

  /** Tells of every file, directories before what is in them. */
  async tell(): Promise<void> {
    const { prefix, mtimeNanos = 0n } = this.#changes;
    if (prefix !== undefined) await this.#tellOf(directoryStat(prefix, mtimeNanos));
    await this.#below(this.#root, '');
    await this.#talk.send(encodePacket({ is: 'stat', stat: undefined }));
  }

  /** Sends what was asked for. */
  async serve(): Promise<void> {
    for (;;) {
      const asked = this.#asked.shift();
      if (this.#isOver) return;
      if (asked) {
        const { id, file } = asked;
        await this.#send(id, typeof file === 'string' ? resolveExisting(this.#root, file) : file);
        this.#count(0, 1);
      } else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #take(message: Buffer): void {
    const packet = decodePacket(message);
    if (packet.is === 'error')
      throw new SyncError(`its receiver failed: ${packet.message.toString('utf8', 0, WORDS_MAX)}`);
    if (packet.is === 'fin') this.#isOver = true;
    else if (packet.is === 'request') {
      const file = this.#files.get(packet.id);
      if (file === undefined) throw new SyncError(`a request for file ${packet.id}, which is none`);
      this.#files.delete(packet.id);
      this.#asked.push({ id: packet.id, file });
      this.#wake();
    } else throw new SyncError('a file of its receiver, who has none');
  }

  async #below(directory: FileNode, above: ByteText): Promise<void> {
    for (const name of directory.names()) {
      const node = directory.find(name);
      // A socket means nothing without the process that listens.
      if (this.#isOver || node === undefined || node.type === 'socket') continue;
      const path = above + name;
      await this.#tellOf(this.#statOf(node, path));
      if (node.type === 'directory') await this.#below(node, `${path}/`);
    }
  }

  async #tellOf(stat: FileStat): Promise<void> {
    this.#cancelled.throwIfAborted();
    const packet = encodePacket({ is: 'stat', stat });
    this.#count(packet.length, 0);
    await this.#talk.send(packet);
    if (++this.#told % TOLD_AT_ONCE === 0) await nextTurn();
  }

  #statOf(node: FileNode, path: ByteText): FileStat {
    const stat = goStat(node, path);
    const { identity } = node;
    const first = identity === undefined ? undefined : this.#firstNames.get(identity);
    if (identity !== undefined && first === undefined) this.#firstNames.set(identity, path);
    if (node.type === 'file' && first === undefined)
      this.#files.set(this.#told, this.#files.size + this.#asked.length < NODES_MAX ? node : path);
    const placed = {
      ...stat,
      path: this.#placed(path),
      mtimeNanos: this.#changes.mtimeNanos ?? stat.mtimeNanos,
    };
    if (node.type === 'symlink') return { ...placed, linkname: this.#target(stat.linkname) };
    return first === undefined ? placed : { ...placed, size: 0, linkname: this.#placed(first) };
  }

  #count(more: number, whole: number): void {
    const { bytes, files } = this.#talk.amount;
    this.#talk.amount = { bytes: bytes + more, files: files + whole };
  }

  #placed(path: ByteText): ByteText {
    const { prefix } = this.#changes;
    return prefix === undefined ? path : `${prefix}/${path}`;
  }

  /** What is absolute leads below the directory that all is put in. */
  #target(target: ByteText): ByteText {
    const { prefix } = this.#changes;
    return prefix === undefined || !target.startsWith('/')
      ? target
      : `/${prefix}${target}`.replace(/\/+$/, '');
  }

  async #send(id: number, file: FileNode): Promise<void> {
    using content = file.open();
    for (const piece of piecesOf(content))
      for (let at = 0; at < piece.length && !this.#isOver; at += PIECE_BYTES) {
        this.#cancelled.throwIfAborted();
        const packet = encodePacket({ is: 'data', id, bytes: piece.subarray(at, at + PIECE_BYTES) });
        this.#count(packet.length, 0);
        await this.#talk.send(packet);
      }
    await this.#talk.send(encodePacket({ is: 'data', id, bytes: NO_BYTES }));
  }
}

const NO_BYTES = Buffer.alloc(0);

const directoryStat = (path: ByteText, mtimeNanos: bigint): FileStat => ({
  path,
  mode: goMode('directory', 0o755),
  uid: 0,
  gid: 0,
  size: 0,
  mtimeNanos,
  linkname: '',
  major: 0,
  minor: 0,
  xattrs: new Map(),
});
