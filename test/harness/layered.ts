/** Images that a test makes up: busybox, and a layer of the test's own over it, as hostile as it likes. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { TarEntry } from '../../src/formats/tar/entry.ts';
import { tarEnd, tarEntry, tarMember } from '../../src/formats/tar/writer.ts';
import type { Api } from './http.ts';
import { busyboxRootfs } from './image.ts';

export type Member = readonly [entry: Partial<TarEntry> & { readonly path: string }, data?: string | Buffer];

export const file = (path: string, data: string | Buffer): Member => [{ path }, data];
export const link = (path: string, linkPath: string): Member => [{ path, type: 'symlink', linkPath }];
export const directory = (path: string, mode = 0o755): Member => [{ path, type: 'directory', mode }];

const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');

export const tarOf = (members: readonly Member[]): Buffer =>
  Buffer.concat([
    ...members.map(([entry, data = '']) => tarMember(tarEntry(entry), Buffer.from(data))),
    tarEnd(),
  ]);

/** Loads `tag`: busybox with `members` over it. `config`: what containers inherit. @throws when the engine refuses it */
export async function loadLayered(
  api: Api,
  tag: string,
  members: readonly Member[],
  config: object = {},
): Promise<void> {
  const layers = [readFileSync(busyboxRootfs()), tarOf(members)];
  const document = JSON.stringify({
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    created: '2026-01-01T00:00:00Z',
    config: { Env: ['PATH=/bin:/sbin:/usr/bin:/usr/sbin'], Cmd: ['sh'], ...config },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => `sha256:${sha256(layer)}`) },
  });
  const names = layers.map((_, index) => `${index}/layer.tar`);
  const manifest = [{ Config: 'config.json', RepoTags: [tag], Layers: names }];
  const archive = tarOf([
    ...layers.map((layer, index): Member => [{ path: names[index] ?? '' }, layer]),
    file('config.json', document),
    file('manifest.json', JSON.stringify(manifest)),
  ]);
  const answer = await api.post('/images/load', archive, {
    headers: { 'content-type': 'application/x-tar' },
  });
  assert.equal(answer.status, 200, answer.text);
  assert.ok(!answer.text.includes('errorDetail'), answer.text);
}
