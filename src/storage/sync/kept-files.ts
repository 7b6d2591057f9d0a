/** What clients have sent of their directories, kept for the next time: which files there are, who uses them, what must go. */
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { SyncedDirectory } from '../files/promise.ts';
import { type Layout, randomName } from '../layout.ts';
import { type KeptHead, readKeptHead } from './kept-index.ts';
import type { Received, Receiving } from './receive.ts';

/** What is kept at most; the least recently used goes first. */
export interface KeptLimits {
  readonly keys: number;
  readonly bytes: number;
}

const LIMITS: KeptLimits = { keys: 100, bytes: 20 * 2 ** 30 };
/** A file of contents that is smaller is not worth being written anew. */
const WASTE_BYTES = 1 << 20;

interface Kept extends Omit<KeptHead, 'boot'> {
  readonly bytes: number;
}

/** A directory that is being synced. */
export interface BegunSync {
  readonly receiving: Receiving;
  /** It has come whole: it is kept, and its contents, whose path this gives, are in use until they are released. */
  keep(received: Received): Promise<string>;
  fail(): Promise<void>;
}

/** The kept directories of one data root. What cannot be read is no loss: it is sent again. */
export class KeptFiles {
  readonly #layout: Pick<Layout, 'synced' | 'staging'>;
  readonly #limits: KeptLimits;
  readonly #boot = bootId();
  #read: Map<string, Kept> | undefined;
  /** How many use a file of contents, by its name. */
  readonly #users = new Map<string, number>();
  readonly #written = new Set<string>();

  constructor(layout: Pick<Layout, 'synced' | 'staging'>, limits: KeptLimits = LIMITS) {
    this.#layout = layout;
    this.#limits = limits;
  }

  all(): SyncedDirectory[] {
    return [...this.#kept.values()].map(({ key, data, bytes, createdAt, usedAt, uses }) => ({
      key,
      bytes,
      createdAt: new Date(createdAt),
      usedAt: new Date(usedAt),
      uses,
      isUsed: this.#users.has(data),
    }));
  }

  /** Those that are in use stay. */
  async forget(keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      const kept = this.#kept.get(key);
      if (!kept || this.#users.has(kept.data)) continue;
      this.#kept.delete(key);
      await rm(this.#indexOf(key), { force: true });
      await rm(join(this.#layout.synced, kept.data), { force: true });
    }
  }

  /** `anew`: nothing of what was kept is used. */
  begin(key: string, anew = false): BegunSync {
    const kept = this.#kept.get(key);
    // Two that write to one file at once would be in each other's way.
    const goesOn = kept !== undefined && !this.#written.has(kept.data) && !isWasteful(kept);
    const data = goesOn ? kept.data : `${randomName()}.data`;
    const path = goesOn ? this.#dataOf(data) : join(this.#layout.staging, `synced-${data}`);
    const index = join(this.#layout.staging, `synced-${randomName()}.index`);
    const usedAt = Date.now();
    const head = {
      key,
      data,
      boot: this.#boot,
      createdAt: kept?.createdAt ?? usedAt,
      usedAt,
      uses: (kept?.uses ?? 0) + 1,
    };
    const used = kept && !goesOn ? [kept.data, data] : [data];
    for (const name of used) this.#use(name);
    this.#written.add(data);
    const end = async (names: readonly string[]): Promise<void> => {
      this.#written.delete(data);
      for (const name of names) await this.release(this.#dataOf(name));
    };
    const last = kept && { index: this.#indexOf(key), data: this.#dataOf(kept.data), name: kept.data };
    const before = anew ? undefined : last;
    return {
      receiving: { data: path, before, index, head },
      keep: async (received) => {
        if (!goesOn) renameSync(path, this.#dataOf(data));
        renameSync(index, this.#indexOf(key));
        this.#kept.set(key, { ...head, ...received, bytes: received.diskBytes });
        await end(used.filter((name) => name !== data));
        return this.#dataOf(data);
      },
      fail: async () => {
        await end(used);
        await rm(index, { force: true });
        if (!goesOn) await rm(path, { force: true });
      },
    };
  }

  /** Contents are not used any more by one who used them. */
  async release(path: string): Promise<void> {
    const name = path.slice(this.#layout.synced.length + 1);
    const users = this.#users.get(name)! - 1;
    if (users > 0) this.#users.set(name, users);
    else {
      this.#users.delete(name);
      const isKept = [...this.#kept.values()].some(({ data }) => data === name);
      if (!isKept) await rm(path, { force: true });
    }
    await this.#keepWithin();
  }

  async #keepWithin(): Promise<void> {
    const { keys, bytes } = this.#limits;
    const oldest = this.all().sort((a, b) => a.usedAt.getTime() - b.usedAt.getTime());
    let [keysLeft, bytesLeft] = [oldest.length, oldest.reduce((sum, each) => sum + each.bytes, 0)];
    for (const each of oldest) {
      if (keysLeft <= keys && bytesLeft <= bytes) return;
      if (each.isUsed) continue;
      keysLeft--;
      bytesLeft -= each.bytes;
      await this.forget([each.key]);
    }
  }

  #use(name: string): void {
    this.#users.set(name, (this.#users.get(name) ?? 0) + 1);
  }

  #dataOf(name: string): string {
    return join(this.#layout.synced, name);
  }
  #indexOf(key: string): string {
    return join(this.#layout.synced, nameOfIndex(key));
  }

  /** Read when it is first wanted: there may never be a build. */
  get #kept(): Map<string, Kept> {
    this.#read ??= readKept(this.#layout.synced);
    return this.#read;
  }
}

/** This boot of the machine; tests say another to have it restarted. */
const bootId = (): string =>
  process.env.GANTRY_BOOT_ID ?? readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

const isWasteful = ({ liveBytes, dataLength }: Kept): boolean =>
  dataLength - liveBytes > Math.max(dataLength / 2, WASTE_BYTES);

/** A key can be longer than a name. */
export const nameOfIndex = (key: string): string =>
  `${createHash('sha256').update(key).digest('hex').slice(0, 32)}.index`;

/** Whatever else is there a crash has left. */
function readKept(directory: string): Map<string, Kept> {
  const kept = new Map<string, Kept>();
  const wanted = new Set<string>();
  const names = readdirSync(directory);
  for (const name of names.filter((each) => each.endsWith('.index'))) {
    const head = readKeptHead(join(directory, name));
    const data = head && lstatSync(join(directory, head.data), { throwIfNoEntry: false });
    if (!head || !data || data.size < head.dataLength || nameOfIndex(head.key) !== name) continue;
    kept.set(head.key, { ...head, dataLength: data.size, bytes: data.blocks * 512 });
    wanted.add(name).add(head.data);
  }
  for (const name of names)
    if (!wanted.has(name)) void rm(join(directory, name), { recursive: true, force: true });
  return kept;
}
