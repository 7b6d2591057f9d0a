/** Builds over the API: contexts as archives that are ready before the clock starts, and the one request. */
import { randomFillSync } from 'node:crypto';
import { Readable } from 'node:stream';
import { tarEnd, tarEntry, tarHeader, tarMember, tarPadding } from '../../src/formats/tar/writer.ts';
import type { EnginePeer } from '../peers/peer.ts';

const PIECE_BYTES = 1 << 20;
/** Does not compress. */
const piece = randomFillSync(Buffer.alloc(PIECE_BYTES));

/** An archive in pieces: the same memory may come many times. */
export type Context = readonly Buffer[];

/** A Dockerfile beside `count` files of so many bytes in `files/`, a hundred to a directory. */
export function manyFiles(dockerfile: string, count: number, bytes: number): Context {
  const members = Array.from({ length: count }, (_, i) => {
    const text = Buffer.alloc(bytes, `file ${i} of many\n`);
    return tarMember(tarEntry({ path: `files/d${Math.floor(i / 100)}/file-${i}` }), text);
  });
  return [Buffer.concat([dockerfileOf(dockerfile), ...members, tarEnd()])];
}

/** A Dockerfile beside `count` files of so many mebibytes in `files/`. */
export function largeFiles(dockerfile: string, count: number, mebibytes: number): Context {
  const bytes = mebibytes * PIECE_BYTES;
  const members = Array.from({ length: count }, (_, i) => [
    tarHeader(tarEntry({ path: `files/large-${i}`, size: bytes })),
    ...Array.from({ length: mebibytes }, () => piece),
    tarPadding(bytes),
  ]);
  return [dockerfileOf(dockerfile), ...members.flat(), tarEnd()];
}

/** A Dockerfile alone. */
export const onlyDockerfile = (dockerfile: string): Context => [dockerfileOf(dockerfile), tarEnd()];

const dockerfileOf = (text: string): Buffer => tarMember(tarEntry({ path: 'Dockerfile' }), Buffer.from(text));

const IMAGE = 'gantry-bench-built';

/** A build that has ended well. */
export interface Built {
  readonly ms: number;
  /** All that was told. */
  readonly told: string;
}

/** Builds {@link IMAGE}. @throws when the build fails */
export async function build({ api, name }: EnginePeer, context: Context, nocache: boolean): Promise<Built> {
  const began = performance.now();
  const query = `t=${IMAGE}&rm=1${nocache ? '&nocache=1' : ''}`;
  const { body } = await api.call('POST', `/build?${query}`, Readable.from(context));
  const ms = performance.now() - began;
  const told = body.toString();
  if (/"error(Detail)?":/.test(told) || !told.includes('Successfully'))
    throw new Error(`${name}: ${told.slice(-600)}`);
  return { ms, told };
}

/** Removes what was built, after a look at its size. @throws when the image is smaller than what was copied into it */
export async function removeBuilt({ api, name }: EnginePeer, bytesMin: number): Promise<void> {
  const { Size } = await api.json<{ Size: number }>('GET', `/images/${IMAGE}/json`);
  if (Size < bytesMin) throw new Error(`${name}: the image has ${Size} bytes, not ${bytesMin}`);
  await api.call('DELETE', `/images/${IMAGE}?force=true`);
}
