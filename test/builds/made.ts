/** An image that a build made, told in lines: configuration, history, and every file of its layers. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { TarEntry } from '../../src/formats/tar/entry.ts';
import { TarReader } from '../../src/formats/tar/reader.ts';
import type { Api } from '../harness/http.ts';

/** Ids, and what depends on how an engine works rather than on what it made. */
const UNTOLD = new Set([
  ...['Id', 'RepoTags', 'RepoDigests', 'Parent', 'Created', 'Container', 'DockerVersion', 'GraphDriver'],
  ...['Metadata', 'RootFS', 'Hostname', 'Image', 'Variant', 'VirtualSize'],
]);
const CONTENT_SHOWN_BYTES = 80;

/** One line a fact; `sinceSeconds`: what was changed later was changed by the build. */
export async function madeLines(api: Api, name: string, sinceSeconds: number): Promise<string[]> {
  const path = `/images/${encodeURIComponent(name)}`;
  const inspected = await api.get(`${path}/json`);
  assert.equal(inspected.status, 200, inspected.text);
  const history = (await api.get(`${path}/history`)).json<Told[]>().reverse();
  const known = [...facts(inspected.json(), ''), ...history.map(toldLine)];
  // dockerd cannot save an image without layers.
  if (!inspected.json<{ RootFS: { Layers?: string[] } }>().RootFS.Layers?.length) return known;
  const { document, layers } = saved((await api.get(`${path}/get`)).bytes, sinceSeconds);
  return [
    ...known,
    ...(document.history ?? []).map(historyLine),
    ...layers.flatMap((lines, i) => lines.map((line) => `layer ${i} ${line}`)),
  ];
}

interface Told {
  readonly CreatedBy: string;
  readonly Comment: string;
  readonly Size: number;
}

const toldLine = ({ CreatedBy, Comment, Size }: Told): string =>
  `told ${Size} bytes | ${masked(CreatedBy)} | ${Comment}`;

const historyLine = ({ created_by = '', author = '', comment = '', empty_layer }: HistoryEntry): string =>
  `history ${empty_layer ? 'empty' : 'layer'} | ${masked(created_by)} | ${author} | ${comment}`;

interface HistoryEntry {
  readonly created_by?: string;
  readonly author?: string;
  readonly comment?: string;
  readonly empty_layer?: boolean;
}

/** Digests of what was copied are each engine's own. */
const masked = (text: string): string => text.replace(/(file|dir|multi):[0-9a-f]{64}/, '$1:…');

/** A leaf a line, as `Config.Env.0 = "PATH=…"`. */
function facts(value: unknown, path: string): string[] {
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0) {
    return [`${path} = ${masked(JSON.stringify(value))}`];
  }
  return Object.entries(value)
    .filter(([name]) => !UNTOLD.has(name))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, member]) => facts(member, path === '' ? name : `${path}.${name}`));
}

function saved(
  archive: Buffer,
  sinceSeconds: number,
): { document: { history?: HistoryEntry[] }; layers: string[][] } {
  const members = new Map(membersOf(archive).map(({ entry, data }) => [entry.path, { entry, data }]));
  const read = (path: string): Buffer => {
    const member = members.get(path);
    assert(member, path);
    return member.entry.type === 'symlink' ? read(member.entry.linkPath.replace(/^\.\.\//, '')) : member.data;
  };
  const [{ Config = '', Layers = [] } = {}] = JSON.parse(read('manifest.json').toString()) as {
    Config: string;
    Layers: string[];
  }[];
  return {
    document: JSON.parse(read(Config).toString()),
    layers: Layers.map((path) => layerLines(read(path), sinceSeconds)),
  };
}

const known = new Map<string, string[]>();

function layerLines(archive: Buffer, sinceSeconds: number): string[] {
  const key = createHash('sha256').update(archive).digest('hex');
  // Of several members of one name the last one counts.
  const members = new Map(membersOf(archive).map((member) => [member.entry.path, member]));
  const lines =
    known.get(key) ??
    [...members.values()].map(({ entry, data }) => memberLine(entry, data, sinceSeconds)).toSorted();
  known.set(key, lines);
  return lines;
}

function memberLine(entry: TarEntry, data: Buffer, sinceSeconds: number): string {
  const { type, path, linkPath, mode, uid, gid, size, xattrs } = entry;
  if (/(?:^|\/)\.wh\./.test(path) && size === 0) return `${JSON.stringify(path)} hides`;
  const seconds = Number(entry.mtimeNanos / 1_000_000_000n);
  const content =
    data.length <= CONTENT_SHOWN_BYTES
      ? JSON.stringify(data.toString('latin1'))
      : createHash('sha256').update(data).digest('hex').slice(0, 16);
  return [
    JSON.stringify(path.replace(/^\.?\//, '').replace(/\/$/, '')),
    type,
    mode.toString(8),
    `${uid}:${gid}`,
    ...(type === 'file' ? [size, content] : []),
    ...(linkPath === '' ? [] : [`→ ${JSON.stringify(linkPath)}`]),
    ...[...xattrs].map(([name, value]) => `${name}=${value.toString('hex')}`),
    ...(type === 'hardlink' ? [] : [seconds >= sinceSeconds ? 'new' : `at ${seconds}`]),
  ].join(' ');
}

function membersOf(archive: Buffer): { readonly entry: TarEntry; readonly data: Buffer }[] {
  const found: { readonly entry: TarEntry; readonly data: Buffer }[] = [];
  const reader = new TarReader({
    entry: (entry) => void found.push({ entry, data: Buffer.alloc(entry.size) }),
    data: (bytes, offset) => void found.at(-1)?.data.set(bytes, offset),
    end: () => undefined,
  });
  reader.push(archive);
  reader.finish();
  return found;
}
