/** What is done to images while the process is killed, and the engine's rooms that it is done with. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { silentLog } from '../../../src/base/log.ts';
import { nowNanos } from '../../../src/base/time.ts';
import { createImages } from '../../../src/engine/images/index.ts';
import { Registries } from '../../../src/registry/index.ts';
import { openStorage } from '../../../src/storage/index.ts';
import { type FakeRegistry, sha256 } from '../../harness/fake-registry.ts';
import { directory, file, link, type Member, tarOf } from '../../harness/layered.ts';

export const DEEDS = ['pull', 'push', 'load', 'import', 'tag', 'commit', 'rmi', 'prune'] as const;
/** What can be done to images, by its name. */
export type Deed = (typeof DEEDS)[number];

/** The rooms of an engine that images need. */
export type Host = Awaited<ReturnType<typeof openHost>>;

/** Opens these rooms over a data root. */
export async function openHost(root: string) {
  const storage = await openStorage({ root, log: silentLog });
  const registries = new Registries({ mirrors: [], insecure: [], certificates: [] });
  const images = await createImages({
    storage,
    events: { emit: () => undefined },
    now: nowNanos,
    usedBy: () => [],
    log: silentLog,
    registries,
    transfers: { down: 3, up: 5 },
  });
  await images.collected;
  return {
    storage,
    images,
    async close(): Promise<void> {
      await registries.close();
      await storage.close();
    },
  };
}

/** Layers of an image that only `round` has, on one that all rounds share: of every kind of member. */
const layersOf = (round: number): Buffer[] =>
  [
    [
      ...Array.from({ length: 10 }, (_, i): Member => file(`base-${i}`, `base ${i}`.repeat(300))),
      directory('opened'),
      file('opened/hidden', 'by the layer above'),
    ],
    [
      ...Array.from({ length: 5 }, (_, i): Member => file(`round-${i}`, `round ${round} ${i}`.repeat(300))),
      link('soft', 'round-0'),
      [{ path: 'hard', type: 'hardlink', linkPath: 'round-0' }] satisfies Member,
      [{ path: 'fifo', type: 'fifo' }] satisfies Member,
      [{ path: 'named', xattrs: new Map([['user.name', Buffer.from('value')]]) }] satisfies Member,
      file('.wh.base-0', ''),
      file('opened/.wh..wh..opq', ''),
    ],
  ].map(tarOf);

/** Puts `app:ROUND` into the registry; every other round's layers travel compressed. */
export function offer(registry: FakeRegistry, round: number): void {
  const travel = round % 2 === 0 ? {} : { travel: (layer: Buffer) => gzipSync(layer) };
  registry.putImage('app', String(round), { layers: layersOf(round), ...travel });
}

const signal = new AbortController().signal;

/** @throws what the operation reports */
async function finish(messages: AsyncIterable<{ readonly error?: unknown }>): Promise<void> {
  for await (const _ of messages);
}

function load({ images }: Host, tag: string, layers: readonly Buffer[]): Promise<void> {
  const config = JSON.stringify({
    architecture: 'amd64',
    os: 'linux',
    config: { Cmd: ['sh'] },
    rootfs: { type: 'layers', diff_ids: layers.map(sha256) },
  });
  const names = layers.map((_, i) => `${i}.tar`);
  const archive = tarOf([
    file('config.json', config),
    ...layers.map((layer, i) => file(names[i] ?? '', layer)),
    file('manifest.json', JSON.stringify([{ Config: 'config.json', RepoTags: [tag], Layers: names }])),
  ]);
  return finish(images.load(Readable.from([archive]), { quiet: true, platforms: [], signal }));
}

/** What must be there before the deed. */
export async function prepare(host: Host, deed: Deed, round: number): Promise<void> {
  if (!['push', 'tag', 'commit', 'rmi', 'prune'].includes(deed)) return;
  await load(host, `there:${round}`, layersOf(round));
  if (deed === 'push') await host.images.tag(`there:${round}`, { repo: 'away', tag: String(round) });
}

/** `registry`: `127.0.0.1:PORT`, which has `app:ROUND`. */
export async function perform(host: Host, deed: Deed, round: number, registry: string): Promise<void> {
  const { images } = host;
  const tag = String(round);
  switch (deed) {
    case 'pull':
      return finish(
        images.pull({
          image: `${registry}/app`,
          tag,
          platform: undefined,
          credentials: undefined,
          oneByOne: false,
          signal,
        }),
      );
    case 'push':
      await images.tag(`there:${tag}`, { repo: `${registry}/away`, tag });
      return finish(images.push({ image: `${registry}/away`, tag, credentials: undefined, signal }));
    case 'load':
      return load(host, `loaded:${tag}`, layersOf(round));
    case 'import': {
      const rest = { message: '', changes: [], platform: undefined, signal };
      const archive = Readable.from([gzipSync(layersOf(round)[1] ?? '')]);
      return finish(images.importRootfs(archive, { repo: 'imported', tag, ...rest }));
    }
    case 'tag':
      return images.tag(`there:${tag}`, { repo: 'tagged', tag });
    case 'commit':
      return commit(host, round);
    case 'rmi':
      return void (await images.remove(`there:${tag}`, { force: false, prune: true }));
    case 'prune':
      return void (await images.prune(new Map([['dangling', ['false']]]), signal));
    default:
      return deed satisfies never;
  }
}

/** As a container's commit does it, without the container. */
async function commit({ storage, images }: Host, round: number): Promise<void> {
  const parent = images.resolve(`there:${round}`);
  const id = `c${round}`;
  await storage.layers.prepare(id, parent.chainId);
  const { UpperDir = '' } = storage.layers.describe(id).Data;
  mkdirSync(join(UpperDir, 'made'));
  writeFileSync(join(UpperDir, 'made/here'), `round ${round}`);
  await using lease = storage.lease('commit');
  const layer = await storage.layers.commit(id, { lease, signal });
  await images.commit({
    parentId: parent.id,
    diffId: layer?.diffId,
    config: {},
    name: images.checkName('committed', String(round)),
    comment: '',
    author: '',
    container: { id, config: {} },
  });
  await storage.layers.removeWritable(id);
}

/** Names of all images. */
export async function namesIn({ images }: Host): Promise<Set<string>> {
  const list = await images.list({ all: true, filters: new Map(), sharedSize: false });
  return new Set(list.flatMap(({ RepoTags, RepoDigests }) => [...RepoTags, ...RepoDigests]));
}
