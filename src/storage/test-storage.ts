/** For tests: a storage of its own, and containers in it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { TestContext } from 'node:test';
import { silentLog } from '../base/log.ts';
import type { TarEntry } from '../formats/tar/entry.ts';
import { TarReader } from '../formats/tar/reader.ts';
import { tarEnd, tarEntry, tarMember } from '../formats/tar/writer.ts';
import type { Driver } from './driver.ts';
import { openStorage } from './open.ts';
import type { ContainerTree, PutOptions, Storage, TreeMount } from './storage.ts';

/** One member of an archive: its header, and its bytes. */
export type Member = readonly [entry: Partial<TarEntry> & { readonly path: string }, data?: string];

/** An archive of these members. */
export const tar = (...members: readonly Member[]): Buffer =>
  Buffer.concat([
    ...members.map(([entry, data]) => tarMember(tarEntry(entry), Buffer.from(data ?? ''))),
    tarEnd(),
  ]);

/** A storage that ends with the test. */
export async function testStorage(
  t: TestContext,
  driver?: Driver,
): Promise<{ root: string; storage: Storage }> {
  const home = mkdtempSync(join(tmpdir(), 'gantry-storage-'));
  const root = join(home, 'root');
  const storage = await openStorage({ root, log: silentLog, driver });
  t.after(async () => {
    for (const id of await storage.layers.writable()) await storage.layers.unmount(id);
    await storage.close();
    rmSync(home, { recursive: true, force: true });
  });
  return { root, storage };
}

/** A container on an image of `layers`, not mounted. */
export async function testContainer(
  storage: Storage,
  id: string,
  ...layers: readonly Buffer[]
): Promise<void> {
  await using lease = storage.lease('test');
  const infos = await storage.layers.apply(
    layers.map((bytes) => ({ from: Readable.from([bytes]) })),
    { parent: undefined, lease },
  );
  await storage.layers.prepare(id, infos.at(-1)?.chainId);
}

/** The files of a container, as its copies see them. */
export const openTree = (
  storage: Storage,
  id: string,
  mounts: readonly TreeMount[] = [],
  readOnly = false,
): ContainerTree => storage.layers.openTree(id, mounts, readOnly);

const forever = new AbortController().signal;

/** Unpacks an archive at a path. */
export const put = (
  tree: ContainerTree,
  path: string,
  archive: Buffer | Readable,
  options: Partial<PutOptions> = {},
): Promise<void> =>
  tree.put(path, Buffer.isBuffer(archive) ? Readable.from([archive]) : archive, {
    owner: undefined,
    keepKinds: false,
    check: () => undefined,
    busy: [],
    signal: forever,
    ...options,
  });

/** Members of an archive with their content, in its order. */
export function membersOf(archive: Buffer): (TarEntry & { readonly content: string })[] {
  const members: (TarEntry & { content: string })[] = [];
  const reader = new TarReader({
    entry: (entry) => void members.push({ ...entry, content: '' }),
    data(bytes) {
      const last = members.at(-1);
      if (last) last.content += bytes.toString('latin1');
    },
    end: () => undefined,
  });
  reader.push(archive);
  reader.finish();
  return members;
}

/** The archive of a path, taken apart. */
export async function get(tree: ContainerTree, path: string, follow = false) {
  const { stat, archive } = await tree.get(path, { follow, signal: forever });
  return { stat, members: membersOf(Buffer.concat(await archive.toArray())) };
}
