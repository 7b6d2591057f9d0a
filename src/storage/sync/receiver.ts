/** The receiving side of the file sync protocol: packets in, answers out. Where they come from is nobody's business here. */
import { createHash, type Hash } from 'node:crypto';
import { decodePacket, encodePacket } from '../../formats/file-sync/packet.ts';
import { ContextIndex, type FileContent, type Inode, type SharedIndex } from '../files/context-index.ts';
import type { DataRegions, Region } from './data-regions.ts';
import { SyncError } from './sync-error.ts';
import { SyncedTree, type ToldFile } from './synced-tree.ts';
import type { Amount } from './talk.ts';

/** Files that are asked for and not whole yet: as many as the sender lets wait before it reads no further requests. */
const ASKED_MAX = 128;
/** A log may grow while it is sent; what grows further has no end. */
const GROWN_BYTES_MAX = 64 << 20;
/** What a file that grows gets at least. */
const GROWTH_BYTES = 64 << 10;
/** What a sender says of its failure. */
const WORDS_MAX = 1000;

/** What was here before. */
export interface Before {
  readonly index: SharedIndex;
  /** Brings contents to where the new ones go; undefined: it could not. Undefined: they lie where the new ones go. */
  readonly bring: ((content: FileContent) => number | undefined) | undefined;
}

/** A file that was asked for. */
interface AskedFile {
  readonly inode: Inode;
  readonly said: number;
  readonly hash: Hash;
  region: Region;
  bytes: number;
}

/** One conversation. */
export class Receiver {
  /** What is to be sent, in order. Whoever sends it takes it away. */
  readonly answers: Buffer[] = [];
  readonly #data: DataRegions;
  readonly #before: ContextIndex | undefined;
  readonly #bring: Before['bring'];
  readonly #tree: SyncedTree;
  #told = 0;
  /** Files that wait to be asked for: id, inode and size of each, the first at `#next`. */
  readonly #waiting: number[] = [];
  #next = 0;
  readonly #asked = new Map<number, AskedFile>();
  #state: 'told' | 'filled' | 'asked for the end' | 'over' = 'told';
  #liveBytes = 0;
  #bytes = 0;
  #files = 0;

  constructor(data: DataRegions, before: Before | undefined) {
    this.#data = data;
    this.#before = before && new ContextIndex(before.index);
    this.#bring = before?.bring;
    this.#tree = new SyncedTree(this.#before);
  }

  get index(): ContextIndex {
    return this.#tree.index;
  }
  /** Bytes of all contents. */
  get liveBytes(): number {
    return this.#liveBytes;
  }
  /** Bytes of all packets, and files whose bytes came. */
  get received(): Amount {
    return { bytes: this.#bytes, files: this.#files };
  }
  /** Both sides have said that it is over. */
  get isOver(): boolean {
    return this.#state === 'over';
  }

  /** @throws SyncError, WireError, TarError beyond a limit, SystemError */
  take(message: Buffer): void {
    const packet = decodePacket(message);
    this.#bytes += message.length;
    if (this.#state === 'over') throw new SyncError('a packet behind the end');
    switch (packet.is) {
      case 'stat':
        if (this.#state !== 'told') throw new SyncError('a file behind the last one');
        if (packet.stat) {
          const file = this.#tree.add(packet.stat);
          if (file) this.#file(file, this.#told);
          this.#told++;
        } else this.#state = 'filled';
        break;
      case 'data':
        this.#content(packet.id, packet.bytes);
        break;
      case 'fin':
        if (this.#state !== 'asked for the end') throw new SyncError('its end before all files were there');
        this.#state = 'over';
        return;
      case 'error':
        throw new SyncError(`its sender failed: ${packet.message.toString('utf8', 0, WORDS_MAX)}`);
      default:
        throw new SyncError('a request, which is not the sender’s to make');
    }
    this.#ask();
  }

  #file({ inode, size, before }: ToldFile, id: number): void {
    if (before !== undefined && this.#isHere(inode, before)) this.#liveBytes += size;
    else this.#waiting.push(id, inode, size);
  }

  /** Gives a file the content that it had before. */
  #isHere(inode: Inode, before: Inode): boolean {
    this.index.shareContent(inode, this.#before!, before);
    if (this.#bring === undefined) return true;
    const { size, offset } = this.index.facts(inode);
    const hash = this.index.hashOf(inode);
    const at = this.#bring({ size, offset, hash });
    if (at !== undefined) this.index.setContent(inode, { size, offset: at, hash });
    return at !== undefined;
  }

  #ask(): void {
    while (this.#next < this.#waiting.length && this.#asked.size < ASKED_MAX) {
      const [id, inode, said] = this.#waiting.slice(this.#next, this.#next + 3) as [number, Inode, number];
      this.#next += 3;
      const hash = createHash('sha256');
      this.#asked.set(id, { inode, said, hash, region: { offset: -1, bytes: 0 }, bytes: 0 });
      this.answers.push(encodePacket({ is: 'request', id }));
    }
    if (this.#next > 3 * ASKED_MAX) {
      this.#waiting.splice(0, this.#next);
      this.#next = 0;
    }
    if (this.#state === 'filled' && this.#asked.size === 0) {
      this.#state = 'asked for the end';
      this.answers.push(encodePacket({ is: 'fin' }));
    }
  }

  #content(id: number, bytes: Buffer): void {
    const file = this.#asked.get(id);
    if (!file) throw new SyncError(`bytes of file ${id}, which nobody asked for`);
    if (bytes.length === 0) {
      this.#whole(id, file);
      return;
    }
    const size = file.bytes + bytes.length;
    if (size > file.said + GROWN_BYTES_MAX)
      throw new SyncError(`a file of ${file.said} bytes that has more than ${size - 1}`);
    if (file.region.offset < 0) file.region = this.#data.reserve(Math.max(file.said, size));
    else if (size > file.region.bytes)
      file.region = this.#data.enlarge(file.region, file.bytes, grown(size, file.said));
    this.#data.write(bytes, file.region.offset + file.bytes);
    file.hash.update(bytes);
    file.bytes = size;
  }

  #whole(id: number, { inode, hash, region, bytes }: AskedFile): void {
    this.#asked.delete(id);
    if (region.offset >= 0) this.#data.giveBack(region, bytes);
    this.index.setContent(inode, { offset: Math.max(region.offset, 0), size: bytes, hash: hash.digest() });
    this.#liveBytes += bytes;
    this.#files++;
  }
}

const grown = (size: number, said: number): number =>
  Math.min(Math.max(size * 2, GROWTH_BYTES), said + GROWN_BYTES_MAX);
