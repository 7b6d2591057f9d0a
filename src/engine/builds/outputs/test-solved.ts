/** For tests: results of builds that nobody built, and a client that hears what is told. */
import { Readable, Writable } from 'node:stream';
import { parsePlatform } from '../../../formats/platform.ts';
import { TarReader } from '../../../formats/tar/reader.ts';
import type { BuildEvent } from '../../../model/build-event.ts';
import type { Storage } from '../../../storage/index.ts';
import { emptyImage, type ImageSteps } from '../../images/steps.ts';
import type { BuildClient } from '../solve/promise.ts';
import type { SolvedBuild, SolvedImage } from '../solve/solved.ts';

/** One layer, as an archive, for a platform. */
export type Layer = readonly [platform: string, archive: Buffer];

/** A result of each; it holds their layers until it is disposed of. */
export async function solvedOf(
  layers: readonly Layer[],
  { images, storage }: { readonly images: ImageSteps; readonly storage: Storage },
  multiPlatform = layers.length > 1,
): Promise<SolvedBuild> {
  const lease = storage.lease('solved');
  const results: SolvedImage[] = [];
  for (const [platform, archive] of layers) {
    const [info] = await storage.layers.apply([{ from: Readable.from([archive]) }], {
      parent: undefined,
      lease,
    });
    const image = images.child(emptyImage(parsePlatform(platform)), {
      diffId: info!.diffId,
      config: { Env: ['A=1'] },
      container: { id: '', config: { Cmd: ['COPY . .'] } },
      author: '',
      comment: 'buildkit.dockerfile.v0',
      created: '2024-01-02T03:04:05Z',
    });
    const steps = [{ key: 'k', chainId: image.chainId, description: 'COPY . .' }];
    results.push({ platform, token: platform, config: image.bytes, vertex: 'sha256:1', image, steps });
  }
  return {
    results,
    multiPlatform,
    answers: new Map(),
    [Symbol.asyncDispose]: async () => lease[Symbol.asyncDispose](),
  };
}

/** What was told, in short: `vertex exporting to image`, with what is over. */
export function listener(): { tell: (event: BuildEvent) => undefined; readonly heard: string[] } {
  const heard: string[] = [];
  const tell = (event: BuildEvent): undefined => void heard.push(inShort(event));
  return { tell, heard };
}

function inShort(event: BuildEvent): string {
  if (event.is === 'vertex') return [event.name, stateOf(event), event.error].filter(Boolean).join(' ');
  if (event.is === 'status') return `=> ${event.id} ${stateOf(event)}`;
  return event.is === 'warning' ? `! ${event.short}` : event.bytes.toString();
}

const stateOf = ({ completed }: { readonly completed?: bigint | undefined }): string =>
  completed === undefined ? 'begun' : 'done';

/** Keeps what is written. */
export function collector(): { into: () => Writable; bytes(): Buffer } {
  const chunks: Buffer[] = [];
  const into = () =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        chunks.push(Buffer.from(chunk));
        done();
      },
    });
  return { into, bytes: () => Buffer.concat(chunks) };
}

/** One that lends nothing. */
export const noClient = { login: async () => undefined } as unknown as BuildClient;

/** Members of an archive with their content, in its order. */
export function membersOf(archive: Buffer): { readonly path: string; readonly content: string }[] {
  const members: { path: string; content: string }[] = [];
  const reader = new TarReader({
    entry: ({ path }) => void members.push({ path, content: '' }),
    data(bytes) {
      members.at(-1)!.content += bytes.toString('latin1');
    },
    end: () => undefined,
  });
  reader.push(archive);
  reader.finish();
  return members;
}
