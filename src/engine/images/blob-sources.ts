/** Which repositories are known to hold a blob: a push to the same registry takes it over from there. */
import { familiarName, type ImageReference } from '../../formats/reference.ts';
import type { Digest, Records } from '../../storage/index.ts';

const TABLE = 'blob-source';
/** Repositories remembered for one blob, the newest first. */
const SOURCES_MAX = 5;

type Repository = Pick<ImageReference, 'domain' | 'path'>;
const nameOf = ({ domain, path }: Repository): string => `${domain}/${path}`;

export class BlobSources {
  readonly #records: Records;
  readonly #known: Map<string, readonly string[]>;

  private constructor(records: Records, known: Map<string, readonly string[]>) {
    this.#records = records;
    this.#known = known;
  }

  static async open(records: Records): Promise<BlobSources> {
    return new BlobSources(records, (await records.load(TABLE)) as Map<string, readonly string[]>);
  }

  /** The path of another repository of the same registry that holds the blob. */
  elsewhere(digest: Digest, at: Repository): string | undefined {
    const here = nameOf(at);
    const found = this.#known.get(digest)?.find((name) => name !== here && name.startsWith(`${at.domain}/`));
    return found?.slice(at.domain.length + 1);
  }

  async remember(digests: readonly string[], at: Repository): Promise<void> {
    const name = nameOf(at);
    const changed = [...new Set(digests)].filter((digest) => this.#known.get(digest)?.[0] !== name);
    const rows = changed.map((digest) => {
      const others = (this.#known.get(digest) ?? []).filter((each) => each !== name);
      return { table: TABLE, key: digest, value: [name, ...others].slice(0, SOURCES_MAX) };
    });
    if (rows.length > 0) await this.#records.write(rows);
    for (const { key, value } of rows) this.#known.set(key, value);
  }

  /** Blobs that are gone need no sources. */
  async forget(digests: readonly string[]): Promise<void> {
    const known = digests.filter((digest) => this.#known.has(digest));
    if (known.length === 0) return;
    for (const digest of known) this.#known.delete(digest);
    await this.#records.write(known.map((key) => ({ table: TABLE, key, value: undefined })));
  }
}

/** For messages: `Mounted from library/busybox`. */
export const sourceText = (path: string, { domain }: Repository): string =>
  familiarName({ domain, path, tag: undefined, digest: undefined });
