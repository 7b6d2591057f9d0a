/** Brings a client's directory here, in a tree thread: what is here already is not sent again. */
import { createHash } from 'node:crypto';
import { closeSync, lstatSync, openSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { piecesOf } from '../files/content.ts';
import type { FileContent, SharedIndex } from '../files/context-index.ts';
import { DataRegions } from './data-regions.ts';
import { type KeptHead, readKeptIndex, writeKeptIndex } from './kept-index.ts';
import { type Before, Receiver } from './receiver.ts';
import { SyncError } from './sync-error.ts';
import type { ThreadTalk } from './talk.ts';

/** Some hundredths of a second of reading, hashing and writing. */
const READ_AT_ONCE = 16 << 20;

/** What is brought, and where it goes. */
export interface Receiving {
  /** The file for contents: a new one, or the one from before, which is written on. */
  readonly data: string;
  /** What was kept the last time. */
  readonly before: { readonly index: string; readonly data: string; readonly name: string } | undefined;
  /** A new file, for what is to be kept. */
  readonly index: string;
  /** What it says of itself. */
  readonly head: Omit<KeptHead, 'liveBytes' | 'dataLength'>;
}

/** What has come. */
export interface Received {
  readonly index: SharedIndex;
  readonly liveBytes: number;
  /** How long the file with the contents is, and what it takes on the disk. */
  readonly dataLength: number;
  readonly diskBytes: number;
}

/** @throws SyncError, WireError, TarError beyond a limit, SystemError, and what the conversation ends with */
export async function receiveFiles(talk: ThreadTalk, receiving: Receiving): Promise<Received> {
  using before = openBefore(receiving);
  const data = new DataRegions(receiving.data);
  try {
    const receiver = new Receiver(data, before?.in(data));
    for await (const messages of talk.incoming) {
      for (const message of messages) {
        receiver.take(message);
        if (before?.hasWorkedLong()) await nextTurn();
      }
      for (const answer of receiver.answers.splice(0)) await talk.send(answer);
      talk.amount = receiver.received;
    }
    if (!receiver.isOver) throw new SyncError('its sender broke off');
    const { length, diskBytes } = data.finish();
    const { index, liveBytes } = receiver;
    writeKeptIndex(receiving.index, { ...receiving.head, liveBytes, dataLength: length }, index);
    return { index: index.share(), liveBytes, dataLength: length, diskBytes };
  } catch (error) {
    data.takeBack();
    throw error;
  } finally {
    data.close();
  }
}

/** What was kept, opened. */
interface OpenBefore extends Disposable {
  in(data: DataRegions): Before;
  /** Contents were read for so long that others who want something of this thread should have their turn. */
  hasWorkedLong(): boolean;
}

function openBefore({ before, data, head }: Receiving): OpenBefore | undefined {
  const kept = before && readKeptIndex(before.index);
  if (!kept || kept.head.data !== before.name || !hasBytes(before.data, kept.head.dataLength))
    return undefined;
  const file = openSync(before.data, 'r');
  const { index } = kept;
  const isSure = kept.head.boot === head.boot;
  const isSame = before.data === data;
  let readBytes = 0;
  const at = (content: FileContent, regions: DataRegions): number | undefined => {
    readBytes += content.size;
    if (!isSame) return brought(regions, file, content);
    return isThere(file, content) ? content.offset : undefined;
  };
  return {
    in: (regions) => ({ index, bring: isSame && isSure ? undefined : (content) => at(content, regions) }),
    hasWorkedLong() {
      if (readBytes < READ_AT_ONCE) return false;
      readBytes = 0;
      return true;
    },
    [Symbol.dispose]: () => closeSync(file),
  };
}

const hasBytes = (path: string, bytes: number): boolean =>
  (lstatSync(path, { throwIfNoEntry: false })?.size ?? -1) >= bytes;

/** Whether the bytes are what they were: not all need have reached the disk when the machine ended. */
function isThere(fd: number, { offset, size, hash }: FileContent): boolean {
  const found = createHash('sha256');
  for (const piece of piecesOf({ fd, from: offset, size, [Symbol.dispose]: () => undefined }))
    found.update(piece);
  return found.digest().equals(hash);
}

/** Where they are now; undefined: they are not what they were. */
function brought(
  regions: DataRegions,
  from: number,
  { offset, size, hash }: FileContent,
): number | undefined {
  const region = regions.reserve(size);
  const found = createHash('sha256');
  regions.copy(from, offset, size, region.offset, (bytes) => found.update(bytes));
  if (found.digest().equals(hash)) return region.offset;
  regions.giveBack(region, 0);
  return undefined;
}
