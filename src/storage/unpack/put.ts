/** Unpacks an archive into a container: what is there stays, and what comes is added or replaces. */
import { closeSync } from 'node:fs';
import { TarReader } from '../../formats/tar/reader.ts';
import { openDirectory } from '../lookup/find.ts';
import { plainSpooled } from './intake.ts';
import type { Incoming } from './sources.ts';
import { type Guest, TreeWriter } from './tree-writer.ts';

/** `spool`: a file that may be made, and is the caller's to remove. @throws TarError, SystemError */
export async function put(incoming: Incoming, guest: Guest, spool: string): Promise<void> {
  const { fd, path } = openDirectory(guest.root, guest.base);
  const writer = new TreeWriter(fd, { whiteouts: 'plain', guest: { ...guest, base: path } });
  try {
    const reader = new TarReader(writer);
    for await (const chunk of plainSpooled(incoming, spool)) reader.push(chunk);
    reader.finish();
    writer.finish();
  } finally {
    writer.close();
    closeSync(fd);
  }
}
