/** Decompression by the distribution's own programs, for the formats that Node does not read. */
import { existsSync } from 'node:fs';
import { TarError } from '../../formats/tar/entry.ts';
import { asNobody, endOf, startProgram, stopProgram, textOf } from '../../linux/index.ts';
import type { Chunks } from './sources.ts';

/** Security fixes come with the distribution; the memory limit refuses archives made to exhaust us. */
const FILTERS = {
  xz: ['/usr/bin/xz', '-dc', '-q', '--memlimit-decompress=128MiB'],
  bzip2: ['/usr/bin/bzip2', '-dc', '-q'],
} as const;
/** Of a program's complaints, as much as a message needs. */
const COMPLAINT_CHARS = 500;

/** The plain bytes of the file `path`. @throws TarError when the program is missing or calls the data bad */
export async function* filtered(path: string, compression: keyof typeof FILTERS): Chunks {
  const filter = FILTERS[compression];
  if (!existsSync(filter[0]))
    throw new TarError(`${compression} data cannot be read: ${filter[0]} is not installed`);
  const [first = filter[0], ...rest] = [...asNobody(), ...filter];
  const program = startProgram([first, ...rest], path, { env: ['LC_ALL=C'] });
  try {
    const complaint = textOf(program.complaints, COMPLAINT_CHARS);
    complaint.catch(() => undefined); // who stops reading does not want to know
    for await (const chunk of program.output) yield chunk as Buffer;
    const status = await endOf(program);
    const said = await complaint;
    if (said !== '' || (status && status.code !== 0))
      throw new TarError(`${compression} data: ${said || `${filter[0]} ended with ${status?.code}`}`);
  } finally {
    await stopProgram(program);
  }
}
