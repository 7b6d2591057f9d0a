/** Takes an archive of blobs apart into files of the staging area. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { type Layout, randomName } from './layout.ts';
import type { ArchiveMember, Digest, OpenedArchive } from './storage.ts';
import { portFrom, type TreeThreads } from './threads/threads.ts';
import type { Trash } from './trash.ts';
import type { DemuxedMember } from './unpack/members.ts';

/** What an archive is taken apart with. */
export interface OpenArchiveDeps {
  readonly layout: Layout;
  readonly threads: TreeThreads;
  readonly trash: Trash;
}

/** @throws InvalidArgument when the archive is broken or names something outside itself */
export async function openArchive(
  source: Readable,
  { layout, threads, trash }: OpenArchiveDeps,
  signal: AbortSignal | undefined,
): Promise<OpenedArchive> {
  const directory = join(layout.staging, `archive-${randomName()}`);
  await mkdir(directory, { mode: 0o700 });
  const remove = async (): Promise<void> => void (await trash.take(directory));
  try {
    const found = await threads.run<'demux'>(
      { is: 'demux', source: portFrom(source), into: directory },
      signal,
    );
    // Of members with one name the last counts, as when they are unpacked one over the other.
    return {
      members: new Map(found.map((member) => [member.path, asMember(member)])),
      [Symbol.asyncDispose]: remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

function asMember(member: DemuxedMember): ArchiveMember {
  if (member.is === 'file')
    return { is: 'file', file: member.file, bytes: member.bytes, digest: `sha256:${member.hash}` as Digest };
  return member.is === 'link' ? { is: 'link', target: member.target } : { is: 'directory' };
}
