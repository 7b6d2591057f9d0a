/** Copies into a running container and out of it, one large file and many small ones; and a commit of what came. */
import { createHash, randomFillSync } from 'node:crypto';
import { Readable } from 'node:stream';
import { tarEnd, tarEntry, tarHeader, tarMember, tarPadding } from '../../src/formats/tar/writer.ts';
import type { EnginePeer } from '../peers/peer.ts';
import { create, IDLE, removeNow, start } from './containers.ts';
import type { Figures, Scenario } from './scenario.ts';

const LARGE_BYTES = 100 << 20;
const PIECE_BYTES = 1 << 20;
const FILES = 10_000;
const FILES_OF_COMMIT = 1000;
const COMMITTED_BYTES = 10 << 20;

/** Does not compress: some engines try. */
const piece = randomFillSync(Buffer.alloc(PIECE_BYTES));
const small = Buffer.alloc(1500, 'a line of text\n');

const archived = (pieces: readonly Buffer[]): Buffer[] => [...pieces, tarEnd()];
const large = (bytes: number): Buffer[] => [
  tarHeader(tarEntry({ path: 'large', size: bytes })),
  ...Array.from({ length: bytes / PIECE_BYTES }, () => piece),
  tarPadding(bytes),
];
const many = (count: number): Buffer[] =>
  Array.from({ length: count }, (_, i) => tarMember(tarEntry({ path: `d${i % 100}/file-${i}` }), small));

const archives = {
  large: archived(large(LARGE_BYTES)),
  many: [Buffer.concat(archived(many(FILES)))],
  committed: [Buffer.concat(archived([...large(COMMITTED_BYTES), ...many(FILES_OF_COMMIT)]))],
};

async function timed<T>(work: () => Promise<T>): Promise<[ms: number, result: T]> {
  const began = performance.now();
  const result = await work();
  return [performance.now() - began, result];
}

const put = ({ api }: EnginePeer, id: string, path: string, archive: readonly Buffer[]) =>
  api.call('PUT', `/containers/${id}/archive?path=${path}`, Readable.from(archive));
const get = ({ api }: EnginePeer, id: string, path: string) =>
  api.read(`/containers/${id}/archive?path=${path}`);

async function inContainer(peer: EnginePeer, work: (id: string) => Promise<Figures>): Promise<Figures> {
  const id = await create(peer, IDLE);
  try {
    await start(peer, id);
    return await work(id);
  } finally {
    await removeNow(peer, id);
  }
}

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const largeDigest = digest(Buffer.concat(Array.from({ length: LARGE_BYTES / PIECE_BYTES }, () => piece)));

export const copy: Scenario = {
  name: 'copy',
  title: 'copies: 100 MB in and out, 10,000 files in and out',
  unit: 'ms',
  rounds: 5,
  warmUps: 1,
  prepare: async (peer) => {
    if (peer.is === 'runtime') return undefined;
    return { once: () => inContainer(peer, (id) => copies(peer, id)), close: async () => {} };
  },
};

async function copies(peer: EnginePeer, id: string): Promise<Figures> {
  const [putLarge] = await timed(() => put(peer, id, '/tmp', archives.large));
  const [getLarge, one] = await timed(() => get(peer, id, '/tmp/large'));
  // The content is the last whole number of pieces before the padding and the end mark.
  const from = one.indexOf(piece.subarray(0, 64));
  if (digest(one.subarray(from, from + LARGE_BYTES)) !== largeDigest)
    throw new Error(`${peer.name}: the file came back changed`);
  const [putMany] = await timed(() => put(peer, id, '/var/tmp', archives.many));
  const [getMany, all] = await timed(() => get(peer, id, '/var/tmp/'));
  if (all.length < FILES * (512 + 1536))
    throw new Error(`${peer.name}: files are missing in ${all.length} bytes`);
  return {
    'put 100 MB': putLarge,
    'get 100 MB': getLarge,
    'put files': putMany,
    'get files': getMany,
  };
}

export const commit: Scenario = {
  name: 'commit',
  title: 'commit of 10 MB and 1,000 files',
  unit: 'ms',
  rounds: 7,
  warmUps: 1,
  prepare: async (peer) => {
    if (peer.is === 'runtime') return undefined;
    return { once: () => inContainer(peer, (id) => committed(peer, id)), close: async () => {} };
  },
};

async function committed(peer: EnginePeer, id: string): Promise<Figures> {
  await put(peer, id, '/tmp', archives.committed);
  const [total, { Id }] = await timed(() =>
    peer.api.json<{ Id: string }>('POST', `/commit?container=${id}`, {}),
  );
  const { Size } = await peer.api.json<{ Size: number }>('GET', `/images/${Id}/json`);
  if (Size < COMMITTED_BYTES + FILES_OF_COMMIT * small.length)
    throw new Error(`${peer.name}: the image has ${Size} bytes`);
  await peer.api.call('DELETE', `/images/${Id}?force=true`);
  return { total };
}
