/** Images that a test makes up: busybox, and a layer of the test's own over it, as hostile as it likes. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { TarEntry } from '../../src/formats/tar/entry.ts';
import { tarEnd, tarEntry, tarMember } from '../../src/formats/tar/writer.ts';
import type { Api } from './http.ts';
import { busyboxRootfs } from './image.ts';

/** One member of an archive: its header, and its bytes. */
export type Member = readonly [entry: Partial<TarEntry> & { readonly path: string }, data?: string | Buffer];

/** A regular file. */
export const file = (path: string, data: string | Buffer): Member => [{ path }, data];
/** A symbolic link. */
export const link = (path: string, linkPath: string): Member => [{ path, type: 'symlink', linkPath }];
/** A directory. */
export const directory = (path: string, mode = 0o755): Member => [{ path, type: 'directory', mode }];

const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');

/** An archive of these members. */
export const tarOf = (members: readonly Member[]): Buffer =>
  Buffer.concat([
    ...members.map(([entry, data = '']) => tarMember(tarEntry(entry), Buffer.from(data))),
    tarEnd(),
  ]);

/** An image as a test makes it up. */
export interface MadeImage {
  readonly tags: readonly string[];
  /** Plain archives, bottom first. */
  readonly layers: readonly Buffer[];
  /** Members of its configuration over the usual ones. */
  readonly document?: Readonly<Record<string, unknown>>;
}

const configurationOf = ({ layers, document }: MadeImage): string =>
  JSON.stringify({
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    created: '2026-01-01T00:00:00Z',
    config: { Env: ['PATH=/bin:/sbin:/usr/bin:/usr/sbin'], Cmd: ['sh'] },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => `sha256:${sha256(layer)}`) },
    ...document,
  });

/** The id that every engine gives it. */
export const imageIdOf = (image: MadeImage): string => `sha256:${sha256(configurationOf(image))}`;

/** A docker archive of images, a layer of several once. */
export function dockerArchiveOf(images: readonly MadeImage[]): Buffer {
  const layers = new Map(images.flatMap(({ layers }) => layers).map((layer) => [sha256(layer), layer]));
  return tarOf([
    ...[...layers].map(([name, layer]): Member => [{ path: `${name}/layer.tar` }, layer]),
    ...images.map((image, index) => file(`config-${index}.json`, configurationOf(image))),
    file(
      'manifest.json',
      JSON.stringify(
        images.map(({ tags, layers }, index) => ({
          Config: `config-${index}.json`,
          RepoTags: tags,
          Layers: layers.map((layer) => `${sha256(layer)}/layer.tar`),
        })),
      ),
    ),
  ]);
}

/** @throws when the engine refuses it */
export async function loadArchive(api: Api, archive: Buffer): Promise<void> {
  assert.equal(await loadError(api, archive), undefined);
}

/** Why the engine does not load it; undefined: it does. */
export async function loadError(api: Api, archive: Buffer | Readable): Promise<string | undefined> {
  const answer = await api.post('/images/load', archive, {
    headers: { 'content-type': 'application/x-tar' },
  });
  return answer.status !== 200 || answer.text.includes('errorDetail') ? answer.text : undefined;
}

/** Loads `tag`: busybox with `members` over it. `config`: what containers inherit. @throws when the engine refuses it */
export async function loadLayered(
  api: Api,
  tag: string,
  members: readonly Member[],
  config: object = {},
): Promise<void> {
  const layers = [readFileSync(busyboxRootfs()), tarOf(members)];
  const document = { config: { Env: ['PATH=/bin:/sbin:/usr/bin:/usr/sbin'], Cmd: ['sh'], ...config } };
  await loadArchive(api, dockerArchiveOf([{ tags: [tag], layers, document }]));
}
