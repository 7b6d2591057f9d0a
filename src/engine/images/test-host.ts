/** For tests: a fresh data root with the images room on it, and archives made by hand. */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { TestContext } from 'node:test';
import { silentLog } from '../../base/log.ts';
import { nowNanos } from '../../base/time.ts';
import type { TarEntry } from '../../formats/tar/entry.ts';
import { tarEnd, tarEntry, tarMember } from '../../formats/tar/writer.ts';
import type { Progress } from '../../model/progress.ts';
import { Registries, type RegistrySettings } from '../../registry/index.ts';
import { openStorage, type Storage } from '../../storage/index.ts';
import type { ImageCommits } from './commit.ts';
import type { ImageEvent, ImageUser } from './deps.ts';
import { type Collected, createImages, type ImageCaches } from './images.ts';
import type { Images } from './promise.ts';
import type { ImageSource } from './resolve.ts';
import type { ImageSteps } from './steps.ts';

/** The images room over a data root of the test's own. */
export interface TestImages {
  readonly images: Images & ImageSource & ImageCommits & Collected & ImageSteps & ImageCaches;
  readonly storage: Storage;
  readonly root: string;
  readonly events: ImageEvent[];
  /** What `usedBy` answers, by image id. */
  readonly users: Map<string, ImageUser[]>;
  load(archive: Buffer): Promise<string[]>;
  /** Closes and opens again, as after a restart. */
  reopened(): Promise<TestImages>;
}

/** Opens it; a second call with the same `home` opens the same data root anew. */
export async function testImages(
  t: TestContext,
  home = freshHome(t),
  registries: Partial<RegistrySettings> = {},
): Promise<TestImages> {
  const { root } = home;
  const storage = await openStorage({ root, log: silentLog });
  const events: ImageEvent[] = [];
  const users = new Map<string, ImageUser[]>();
  const images = await createImages({
    storage,
    events: { emit: (event) => void events.push(event) },
    now: nowNanos,
    usedBy: (id) => users.get(id) ?? [],
    log: silentLog,
    registries: new Registries({ mirrors: [], insecure: [], certificates: [], ...registries }),
    transfers: { down: 3, up: 5 },
  });
  const close = async (): Promise<void> => {
    for (const id of await storage.layers.writable()) storage.layers.unmount(id);
    await storage.close();
  };
  home.close = close;
  return {
    images,
    storage,
    root,
    events,
    users,
    load: async (archive) =>
      said(images.load(Readable.from([archive]), { quiet: true, platforms: [], signal: t.signal })),
    async reopened() {
      await close();
      return testImages(t, home, registries);
    },
  };
}

interface Home {
  readonly root: string;
  /** Of the storage that is open on it now. */
  close: () => Promise<void>;
}

/** An empty data root, which goes with the test. */
export function freshHome(t: TestContext): Home {
  const path = mkdtempSync(join(tmpdir(), 'gantry-images-'));
  const home: Home = { root: join(path, 'root'), close: async () => undefined };
  t.after(async () => {
    await home.close();
    rmSync(path, { recursive: true, force: true });
  });
  return home;
}

/** What an operation says, one text a message. */
export async function said(messages: AsyncIterable<Progress>): Promise<string[]> {
  const all: string[] = [];
  for await (const { stream, status } of messages) all.push((stream ?? status ?? '').trimEnd());
  return all;
}

/** SHA-256 in hexadecimal. */
export const sha = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');

type Member = Partial<TarEntry> & { readonly path: string; readonly data?: Buffer | string };

/** A tar archive; a member with a path and nothing else is an empty file. */
export function tarOf(...members: readonly Member[]): Buffer {
  const parts = members.map(({ data = '', ...entry }) => tarMember(tarEntry(entry), Buffer.from(data)));
  return Buffer.concat([...parts, tarEnd()]);
}

/** A symbolic link as a member of an archive. */
export const link = (path: string, linkPath: string): Member => ({
  path,
  linkPath,
  type: 'symlink',
  mode: 0o777,
});
/** A hard link as a member of an archive. */
export const hardLink = (path: string, linkPath: string): Member => ({ path, linkPath, type: 'hardlink' });
/** A directory as a member of an archive. */
export const directory = (path: string): Member => ({ path, type: 'directory' });
/** A regular file as a member of an archive. */
export const file = (path: string, data: Buffer | string = ''): Member => ({ path, data });

/** An image configuration for `layers`, with `more` over the usual members. */
export function configOf(layers: readonly Buffer[], more: Record<string, unknown> = {}): Buffer {
  const document = {
    architecture: 'amd64',
    os: 'linux',
    created: '2020-01-01T00:00:00Z',
    config: { Cmd: ['sh'], Env: ['PATH=/bin'] },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => `sha256:${sha(layer)}`) },
    history: layers.map(() => ({ created: '2020-01-01T00:00:00Z', created_by: 'test' })),
    ...more,
  };
  return Buffer.from(JSON.stringify(document));
}

/** What `docker save` writes: configuration, layers, manifest.json. */
export function dockerArchive(
  layers: readonly Buffer[],
  {
    tags = ['test:latest'],
    config = configOf(layers),
    manifest,
  }: { tags?: readonly string[] | null; config?: Buffer; manifest?: unknown } = {},
): Buffer {
  const names = layers.map((_, i) => `l${i}/layer.tar`);
  const item = { Config: `${sha(config)}.json`, RepoTags: tags, Layers: names };
  return tarOf(
    file(item.Config, config),
    ...layers.flatMap((layer, i) => [directory(`l${i}`), file(names[i]!, layer)]),
    file('manifest.json', JSON.stringify(manifest ?? [item])),
  );
}

/** Everything below the data root that an image could have left behind. */
export function leftovers({ root }: TestImages): string[] {
  return ['l', 'staging', 'unfinished', 'content/blobs/sha256'].flatMap((directory) =>
    existsSync(join(root, directory))
      ? readdirSync(join(root, directory)).map((name) => `${directory}/${name}`)
      : [],
  );
}
