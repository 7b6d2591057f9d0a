/** For tests of the file sync protocol: its other side, honest or not. */
import assert from 'node:assert/strict';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Conversation } from '../../base/conversation.ts';
import { goMode } from '../../formats/file-sync/mode.ts';
import {
  decodePacket,
  encodePacket,
  type FileStat,
  type SyncPacket,
} from '../../formats/file-sync/packet.ts';
import { forever } from '../files/test-files.ts';
import type { FileSource, Storage } from '../storage.ts';

/** What a sender has. */
export interface SentFile {
  readonly stat: FileStat;
  readonly bytes: Buffer;
}

/** A regular file, or what else is said of it. */
export const sent = (path: string, content = '', more: Partial<FileStat> = {}): SentFile => ({
  stat: {
    path,
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: Buffer.byteLength(content, 'latin1'),
    mtimeNanos: 1_700_000_000_000_000_001n,
    linkname: '',
    major: 0,
    minor: 0,
    xattrs: new Map(),
    ...more,
  },
  bytes: Buffer.from(content, 'latin1'),
});
/** A directory. */
export const sentDirectory = (path: string, mode = 0o755): SentFile =>
  sent(path, '', { mode: goMode('directory', mode) });
/** A symbolic link. */
export const sentLink = (path: string, linkname: string): SentFile =>
  sent(path, '', { mode: goMode('symlink', 0o777), linkname });

/** What is below a directory, in the order that fsutil walks it; owners are nobody's. */
export function walked(root: string): SentFile[] {
  const files: SentFile[] = [];
  const firstNames = new Map<number, string>();
  const walk = (above: string): void => {
    for (const name of readdirSync(join(root, above)).sort((a, b) =>
      Buffer.compare(Buffer.from(a), Buffer.from(b)),
    )) {
      const path = above === '' ? name : `${above}/${name}`;
      const at = join(root, path);
      const stat = lstatSync(at, { bigint: true });
      const kind = stat.isDirectory()
        ? 'directory'
        : stat.isSymbolicLink()
          ? 'symlink'
          : stat.isFIFO()
            ? 'fifo'
            : 'file';
      const bytes = kind === 'file' ? readFileSync(at) : Buffer.alloc(0);
      const first = kind === 'directory' ? undefined : firstNames.get(Number(stat.ino));
      firstNames.set(Number(stat.ino), first ?? path);
      const wire = Buffer.from(path).toString('latin1');
      files.push({
        ...sent(wire, '', {
          mode: goMode(kind, Number(stat.mode) & 0o7777),
          size: first === undefined ? bytes.length : 0,
          mtimeNanos: stat.mtimeNs,
          linkname:
            kind === 'symlink'
              ? readlinkSync(at, { encoding: 'latin1' })
              : Buffer.from(first ?? '').toString('latin1'),
        }),
        bytes,
      });
      if (kind === 'directory') walk(path);
    }
  };
  walk('');
  return files;
}

/** Messages that wait for their reader. */
class Line {
  #messages: Buffer[] = [];
  #over: { readonly error: unknown } | undefined;
  #wake = (): void => {};

  push(...messages: Buffer[]): void {
    this.#messages.push(...messages);
    this.#wake();
  }
  end(error?: unknown): void {
    this.#over ??= { error };
    this.#wake();
  }
  async *read(): AsyncGenerator<readonly Buffer[], void> {
    for (;;) {
      if (this.#messages.length > 0) yield this.#messages.splice(0, this.#together());
      else if (this.#over?.error !== undefined) throw this.#over.error;
      else if (this.#over) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
  /** As many as a frame of HTTP/2 holds. */
  #together(): number {
    let count = 0;
    for (let bytes = 0; bytes < 16_384 && count < this.#messages.length; count++)
      bytes += this.#messages[count]!.length;
    return count;
  }
  /** The next packet; undefined: there is none. */
  async next(
    reading: AsyncGenerator<readonly Buffer[], void>,
    left: Buffer[],
  ): Promise<SyncPacket | undefined> {
    while (left.length === 0) {
      const more = await reading.next();
      if (more.done) return undefined;
      left.push(...more.value);
    }
    return decodePacket(left.shift()!);
  }
}

/** One sync, and the paths that were asked for. */
export async function synced(
  t: TestContext,
  storage: Storage,
  files: readonly SentFile[],
  key = 'key',
): Promise<{ context: FileSource; asked: string[] }> {
  const other = peer();
  const sending = sendAll(other, files);
  const context = await storage.files.syncContext({ key, talk: other.talk, signal: forever });
  t.after(() => context[Symbol.asyncDispose]());
  return { context, asked: await sending };
}

/** The other side of a conversation. */
export interface Peer {
  readonly talk: Conversation;
  /** Undefined: our side has ended. @throws when it was broken off */
  next(): Promise<SyncPacket | undefined>;
  send(...packets: readonly SyncPacket[]): void;
  sendBytes(message: Buffer): void;
  /** @param error why it breaks off; undefined: it ends well */
  end(error?: unknown): void;
  /** Why our side broke off. */
  aborted(): unknown;
}

/** A conversation with the two ends in one place. */
export function peer(): Peer {
  const toUs = new Line();
  const toThem = new Line();
  const reading = toThem.read();
  const left: Buffer[] = [];
  const over = Promise.withResolvers<void>();
  over.promise.catch(() => undefined);
  let why: unknown;
  return {
    talk: {
      incoming: toUs.read(),
      send(message) {
        toThem.push(Buffer.from(message));
        return undefined;
      },
      end() {
        toThem.end();
        return over.promise;
      },
      abort(reason) {
        why = reason;
        toThem.end(reason ?? new Error('aborted'));
        toUs.end(reason ?? new Error('aborted'));
      },
    },
    next: () => toThem.next(reading, left),
    send: (...packets) => toUs.push(...packets.map(encodePacket)),
    sendBytes: (message) => toUs.push(message),
    end(error) {
      toUs.end(error);
      if (error === undefined) over.resolve();
      else over.reject(error);
    },
    aborted: () => why,
  };
}

/** As much of a file as one packet has. */
const PIECE_BYTES = 32 << 10;

/** Sends as fsutil does; gives the paths that were asked for. */
export async function sendAll(to: Peer, files: readonly SentFile[]): Promise<string[]> {
  to.send(...files.map(({ stat }) => ({ is: 'stat', stat }) as const), { is: 'stat', stat: undefined });
  const asked: string[] = [];
  for (let packet = await to.next(); packet !== undefined; packet = await to.next())
    if (packet.is === 'request') {
      const { id } = packet;
      const { stat, bytes } = files[id]!;
      asked.push(stat.path);
      for (let at = 0; at < bytes.length; at += PIECE_BYTES)
        to.send({ is: 'data', id, bytes: bytes.subarray(at, at + PIECE_BYTES) });
      to.send({ is: 'data', id, bytes: Buffer.alloc(0) });
    } else if (packet.is === 'fin') {
      to.send({ is: 'fin' });
      to.end();
    }
  return asked;
}

/** Two ends of one conversation. */
export function joined(): readonly [Conversation, Conversation] {
  const lines = [new Line(), new Line()] as const;
  const ended = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
  const end = (mine: 0 | 1): Conversation => ({
    incoming: lines[mine].read(),
    send: (message) => void lines[1 - mine]!.push(Buffer.from(message)),
    end() {
      lines[1 - mine]!.end();
      ended[mine].resolve();
      return ended[1 - mine]!.promise;
    },
    abort(reason) {
      for (const line of lines) line.end(reason);
    },
  });
  return [end(0), end(1)];
}

/** Receives as fsutil does; gives what came, in its order. */
export async function receiveAll(from: Peer): Promise<SentFile[]> {
  const files: { stat: FileStat; bytes: Buffer }[] = [];
  let open = 0;
  let isTold = false;
  for (let packet = await from.next(); packet !== undefined; packet = await from.next()) {
    if (packet.is === 'stat' && packet.stat) {
      const id = files.push({ stat: packet.stat, bytes: Buffer.alloc(0) }) - 1;
      if (packet.stat.mode >= 2 ** 24 || packet.stat.linkname !== '') continue;
      from.send({ is: 'request', id });
      open++;
    } else if (packet.is === 'data') {
      const file = files[packet.id]!;
      file.bytes = Buffer.concat([file.bytes, packet.bytes]);
      if (packet.bytes.length === 0) open--;
    } else if (packet.is === 'stat') isTold = true;
    else assert.equal(packet.is, 'fin');
    if (isTold && open === 0 && packet.is !== 'fin') from.send({ is: 'fin' });
  }
  from.end();
  return files;
}
