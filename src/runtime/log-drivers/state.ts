/**
 * How far a log has been shipped, on disk. Two slots are written in turn, each with a sum: a write that was cut off
 * leaves the one before.
 */
import { closeSync, copyFileSync, openSync, readFileSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { messageOf } from '../../base/errors.ts';
import { boolean, integer, list, object, oneOf, type Schema, string } from '../../base/schema.ts';
import { orUndefined, readStored, type StoredKind, storedForm } from '../../base/stored.ts';
import type { StreamName } from '../output/record.ts';
import type { Position } from '../output/writer.ts';
import type { CutterState } from './entries.ts';

/** The file in the log's directory. */
const STATE_FILE = 'shipped';
/** Two unfinished lines of 16 KiB in base64, and some numbers, are less than this. */
const SLOT_BYTES = 64 << 10;

/** Where the file's next bytes belong. */
export interface FileState {
  readonly inode: number;
  readonly size: number;
  /** Bytes of what comes from the position on that older files have already. */
  readonly skip: number;
  /** A rotation was begun: the file of that inode is to be put away. */
  readonly isRotating: boolean;
}

/** How far a log was shipped, and what of it was begun: all that the next daemon needs to go on. */
export interface ShipState {
  readonly position: Position;
  /** What lines were begun before the position. */
  readonly lines: CutterState | undefined;
  readonly file: FileState | undefined;
  /** Streams whose line in the middle of which the position stands was lost: its rest is passed over. */
  readonly passing: readonly StreamName[];
}

const rest = object('rest', {
  bytes: string(),
  begun: orUndefined(object('begun line', { id: string(), at: string(), ordinal: integer() })),
});
const schema: Schema<ShipState> = object('state', {
  position: object('position', { segment: integer(), record: integer() }),
  lines: orUndefined(object('lines', { stdout: rest, stderr: rest })),
  file: orUndefined(
    object('file', { inode: integer(), size: integer(), skip: integer(), isRotating: boolean() }),
  ),
  passing: list(oneOf('stdout', 'stderr')),
});
/** How the state is kept. To change its layout: see base/stored.ts. */
const SHIPPED: StoredKind<ShipState> = { schema, migrations: [] };

/** A state that was read; `turn` counts how often it was written. */
export interface FoundState {
  readonly state: ShipState;
  readonly turn: number;
}

/**
 * The newest state below `directory`; undefined when there is none, or none that can be read: then a copy of the file is
 * kept beside it, and `complain` told why.
 */
export function readState(
  directory: string,
  complain: (message: string) => void = () => undefined,
): FoundState | undefined {
  const path = `${directory}/${STATE_FILE}`;
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch {
    return undefined;
  }
  const complaints: string[] = [];
  const slots = [0, 1].flatMap(
    (slot) =>
      readSlot(bytes.subarray(slot * SLOT_BYTES, (slot + 1) * SLOT_BYTES), (why) => complaints.push(why)) ??
      [],
  );
  const [newest] = slots.sort((a, b) => b.turn - a.turn);
  if (newest === undefined && complaints.length > 0) {
    copyFileSync(path, `${path}.unreadable`);
    complain(`how far the log was shipped cannot be read (${complaints[0]}), kept in ${path}.unreadable`);
  }
  return newest;
}

function readSlot(bytes: Buffer, complain: (why: string) => void): FoundState | undefined {
  const [sum = '', length = '', turn = ''] = bytes.subarray(0, 64).toString('latin1').split(' ');
  const begin = sum.length + length.length + turn.length + 3;
  const text = bytes.subarray(begin, begin + Number(length));
  if (!/^\d+$/.test(length) || crc32(text).toString(16) !== sum) return undefined;
  try {
    return { state: readStored(SHIPPED, JSON.parse(text.toString())).value, turn: Number(turn) };
  } catch (error) {
    complain(messageOf(error));
    return undefined;
  }
}

/** Keeps a {@link ShipState} so that a reader after a crash finds the newest one that was written whole. */
export class StateFile {
  readonly #fd: number;
  #turn: number;

  constructor(directory: string, turn: number) {
    this.#fd = openSync(`${directory}/${STATE_FILE}`, turn === 0 ? 'w' : 'r+', 0o640);
    this.#turn = turn;
  }

  save(state: ShipState): void {
    this.#turn += 1;
    const text = JSON.stringify(storedForm(SHIPPED, state));
    const head = `${crc32(text).toString(16)} ${Buffer.byteLength(text)} ${this.#turn} `;
    writeSync(this.#fd, head + text, (this.#turn % 2) * SLOT_BYTES);
  }
  close(): void {
    closeSync(this.#fd);
  }
}
