/** Logs made by hand, for tests: what stands in the files, record by record, also what no writer would leave. */
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { encodeRecord, type RecordKind, type StreamName } from './record.ts';

/** What one record says, and the bytes that it stands for. */
export interface Written {
  readonly stream: StreamName;
  readonly text: string;
  readonly is: RecordKind;
  readonly isDamaged?: true;
}

/** Bytes on stdout, with their record. */
export const out = (text: string): Written => ({ stream: 'stdout', text, is: 'bytes' });
/** Bytes on stderr, with their record. */
export const err = (text: string): Written => ({ stream: 'stderr', text, is: 'bytes' });
/** The run that wrote the stream's unfinished line ended. */
export const cut = (stream: StreamName, text = ''): Written => ({ stream, text, is: 'cut' });
/** The stream is in the middle of a line where the segment begins. */
export const open = (stream: StreamName): Written => ({ stream, text: '', is: 'open' });
/** The bytes are there, their record is not to be read. */
export const damaged = (written: Written): Written => ({ ...written, isDamaged: true });

/** A log of segments by their numbers; the first record of all is of the time 10, the next of 20, and so on. */
export function logOf(t: TestContext, segments: Readonly<Record<number, readonly Written[]>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-log-'));
  t.after(() => rmSync(directory, { recursive: true }));
  let at = 0n;
  for (const [number, records] of Object.entries(segments)) {
    const texts: Record<StreamName, string[]> = { stdout: [], stderr: [] };
    const ends = { stdout: 0, stderr: 0 };
    const index = records.map(({ stream, text, is, isDamaged }) => {
      texts[stream].push(text);
      ends[stream] += text.length;
      at += 10n;
      const record = encodeRecord({ is, at, stream, end: ends[stream] });
      return isDamaged ? record.fill(0) : record;
    });
    writeFileSync(`${directory}/${number}.idx`, Buffer.concat(index));
    writeFileSync(`${directory}/${number}.out`, texts.stdout.join(''));
    writeFileSync(`${directory}/${number}.err`, texts.stderr.join(''));
  }
  return directory;
}

/** A segment that is there when the directory is listed and gone when it is opened, as one that is rotated away between. */
export const vanishing = (directory: string, number: number): void =>
  symlinkSync('nowhere', `${directory}/${number}.idx`);
