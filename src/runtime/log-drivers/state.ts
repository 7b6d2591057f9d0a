/**
 * How far a log has been shipped, on disk. Two slots are written in turn, each with a sum: a write that was cut off
 * leaves the one before.
 */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import type { StreamName } from '../output/record.ts';
import type { Position } from '../output/writer.ts';
import type { CutterState } from './entries.ts';

/** The file in the log's directory. */
export const STATE_FILE = 'shipped';
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

/** The newest state below `directory`; undefined when there is none, or none that can be read. */
export function readState(directory: string): { state: ShipState; turn: number } | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(`${directory}/${STATE_FILE}`);
  } catch {
    return undefined;
  }
  const slots = [0, 1].map((slot) => readSlot(bytes.subarray(slot * SLOT_BYTES, (slot + 1) * SLOT_BYTES)));
  return slots.filter((slot) => slot !== undefined).sort((a, b) => b.turn - a.turn)[0];
}

function readSlot(bytes: Buffer): { state: ShipState; turn: number } | undefined {
  const [sum = '', length = '', turn = ''] = bytes.subarray(0, 64).toString('latin1').split(' ');
  const begin = sum.length + length.length + turn.length + 3;
  const text = bytes.subarray(begin, begin + Number(length));
  if (!/^\d+$/.test(length) || crc32(text).toString(16) !== sum) return undefined;
  return { state: JSON.parse(text.toString()) as ShipState, turn: Number(turn) };
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
    const text = JSON.stringify(state);
    const head = `${crc32(text).toString(16)} ${Buffer.byteLength(text)} ${this.#turn} `;
    writeSync(this.#fd, head + text, (this.#turn % 2) * SLOT_BYTES);
  }
  close(): void {
    closeSync(this.#fd);
  }
}
