/** Which repositories are known to hold a blob: a push to the same registry takes it over from there. */
import { list, string } from '../../base/schema.ts';
import type { RecordKind } from '../../base/stored.ts';
import { familiarName, type ImageReference } from '../../formats/reference.ts';
import { type Digest, type Records, rowGone, rowPut } from '../../storage/index.ts';

/** Names of repositories, newest first, by the blob's digest. */
export const BLOB_SOURCES: RecordKind<readonly string[]> = {
  table: 'blob-source',
  schema: list(string()),
  migrations: [],
};
/** Repositories remembered for one blob, the newest first. */
const SOURCES_MAX = 5;

type Repository = Pick<ImageReference, 'domain' | 'path'>;
const nameOf = ({ domain, path }: Repository): string => `${domain}/${path}`;

/** The repositories of each blob, on record. */
export class BlobSources {
  readonly #records: Records;
  readonly #known: Map<string, readonly string[]>;

  private constructor(records: Records, known: Map<string, readonly string[]>) {
    this.#records = records;
    this.#known = known;
  }

  static async open(records: Records): Promise<BlobSources> {
    return new BlobSources(records, (await records.read(BLOB_SOURCES)).rows);
  }

  /** The path of another repository of the same registry that holds the blob. */
  elsewhere(digest: Digest, at: Repository): string | undefined {
    const here = nameOf(at);
    const found = this.#known.get(digest)?.find((name) => name !== here && name.startsWith(`${at.domain}/`));
    return found?.slice(at.domain.length + 1);
  }

  /** Repositories that hold the blob, the latest first: `docker.io/library/busybox`. */
  all(digest: Digest): readonly string[] {
    return this.#known.get(digest) ?? [];
  }

  async remember(digests: readonly string[], at: Repository): Promise<void> {
    const name = nameOf(at);
    const changed = [...new Set(digests)].filter((digest) => this.#known.get(digest)?.[0] !== name);
    const rows = changed.map((digest) => {
      const others = (this.#known.get(digest) ?? []).filter((each) => each !== name);
      return [digest, [name, ...others].slice(0, SOURCES_MAX)] as const;
    });
    await this.#records.write(rows.map(([digest, names]) => rowPut(BLOB_SOURCES, digest, names)));
    for (const [digest, names] of rows) this.#known.set(digest, names);
  }

  /** Blobs that nobody can send any more need no sources. */
  async retain(isOfUse: (digest: string) => boolean): Promise<void> {
    const gone = [...this.#known.keys()].filter((digest) => !isOfUse(digest));
    if (gone.length === 0) return;
    for (const digest of gone) this.#known.delete(digest);
    await this.#records.write(gone.map((digest) => rowGone(BLOB_SOURCES, digest)));
  }
}

/** For messages: `Mounted from library/busybox`. */
export const sourceText = (path: string, { domain }: Repository): string =>
  familiarName({ domain, path, tag: undefined, digest: undefined });
