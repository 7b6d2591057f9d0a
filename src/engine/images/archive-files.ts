/** The files of an image archive by their names in it. Links lead from name to name inside the archive, nowhere else. */
import { open } from 'node:fs/promises';
import { DOCUMENT_BYTES_MAX } from '../../formats/oci.ts';
import { TarError } from '../../formats/tar/entry.ts';
import { pathBelowRoot } from '../../formats/tar/path.ts';
import { archiveFailure } from '../../model/failures/archive.ts';
import type { ArchiveMember } from '../../storage/index.ts';

/** A regular file of an archive. */
export type ArchiveFile = Extract<ArchiveMember, { is: 'file' }>;

/** Links followed for one name, as the kernel follows at most 40. */
const LINKS_MAX = 40;

/** Finds files by their names in the archive. */
export class ArchiveFiles {
  readonly #members: ReadonlyMap<string, ArchiveMember>;

  constructor(members: ReadonlyMap<string, ArchiveMember>) {
    this.#members = members;
  }

  /** Undefined when there is no such file. @throws InvalidArgument when the name leaves the archive or links go round */
  find(name: string): ArchiveFile | undefined {
    let path = clean(name);
    for (let links = 0; links <= LINKS_MAX; links++) {
      const through = this.#firstLink(path);
      if (through === undefined) {
        const member = this.#members.get(path);
        return member?.is === 'file' ? member : undefined;
      }
      path = through;
    }
    throw archiveFailure.linksTooMany({ name: quote(name) });
  }

  /** @throws InvalidArgument when there is no such file */
  get(name: string): ArchiveFile {
    const file = this.find(name);
    if (!file) throw archiveFailure.fileMissing({ name: quote(name) });
    return file;
  }

  /** A small file's bytes. @throws InvalidArgument when it is missing, or too large for a document */
  async read(name: string): Promise<Buffer> {
    return readDocument(this.get(name), name);
  }

  /** Names directly below the archive's root. */
  topNames(): string[] {
    return [...new Set([...this.#members.keys()].map((path) => path.split('/', 1)[0]!))];
  }

  /** The path with its first link replaced by what it names. */
  #firstLink(path: string): string | undefined {
    for (let end = path.indexOf('/'); ; end = path.indexOf('/', end + 1)) {
      const prefix = end < 0 ? path : path.slice(0, end);
      const member = this.#members.get(prefix);
      if (member?.is === 'link') return clean(`${member.target}${end < 0 ? '' : path.slice(end)}`);
      if (end < 0) return undefined;
    }
  }
}

/** @throws InvalidArgument when it is too large */
export async function readDocument(file: ArchiveFile, name: string): Promise<Buffer> {
  if (file.bytes > DOCUMENT_BYTES_MAX)
    throw archiveFailure.documentTooLarge({ name: quote(name), most: DOCUMENT_BYTES_MAX });
  await using opened = await open(file.file, 'r');
  return opened.readFile();
}

/** Names in documents are UTF-8, names in archives one character a byte. */
function clean(name: string): string {
  try {
    return pathBelowRoot(Buffer.from(name, 'utf8').toString('latin1'));
  } catch (error) {
    if (error instanceof TarError) throw archiveFailure.unreadable({ why: error.message });
    throw error;
  }
}

const quote = (text: string): string => JSON.stringify(text.slice(0, 200));
