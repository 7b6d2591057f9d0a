/** Exports the files of a result alone: as one archive, or into a directory of the client. */
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Storage } from '../../../storage/index.ts';
import type { BuildOutput } from '../solve/promise.ts';
import type { SolvedImage } from '../solve/solved.ts';
import { asVertex, type Telling } from '../telling/vertex.ts';
import { refuseClash } from './clash.ts';

/** What files are exported with. */
export interface FilesOutputDeps {
  readonly storage: {
    readonly files: Pick<Storage['files'], 'openLayers' | 'packDirectory' | 'sendFiles'>;
  };
}

/** One archive. `split`: what is of a platform is below a directory of its name. */
export function exportTar(
  { into }: Extract<BuildOutput, { is: 'tar' }>,
  results: readonly SolvedImage[],
  split: boolean,
  deps: FilesOutputDeps,
  { signal, ...telling }: Telling & { readonly signal: AbortSignal },
): Promise<Readonly<Record<string, string>>> {
  return asVertex('exporting to client tarball', telling, async (vertex) => {
    await vertex.part('sending tarball', () => sendTar(into(), results, split, deps, signal));
    return {};
  });
}

async function sendTar(
  into: Writable,
  results: readonly SolvedImage[],
  split: boolean,
  { storage }: FilesOutputDeps,
  signal: AbortSignal,
): Promise<void> {
  for (const [i, { image, platform }] of results.entries()) {
    const goesOn = i < results.length - 1;
    await using files = storage.files.openLayers(image.chainId);
    await using root = await files.materialise('', signal);
    const under = split ? directoryOf(platform) : undefined;
    const archive = storage.files.packDirectory(root.path, { under, goesOn, signal });
    await pipeline(archive, into, { end: !goesOn, signal });
  }
}

/** `linux_amd64`. */
const directoryOf = (platform: string): string => platform.replaceAll('/', '_');

/** A directory of the client. */
export function exportFiles(
  { into, splitByPlatform }: Extract<BuildOutput, { is: 'files' }>,
  results: readonly SolvedImage[],
  severalPlatforms: boolean,
  { storage }: FilesOutputDeps,
  { signal, ...telling }: Telling & { readonly signal: AbortSignal },
): Promise<Readonly<Record<string, string>>> {
  return asVertex('exporting to client directory', telling, async (vertex) => {
    if (severalPlatforms && !splitByPlatform) await refuseClash(results, storage.files, signal);
    for (const { image, platform } of results) {
      const label = severalPlatforms ? `copying files ${platform}` : 'copying files';
      const transfer = await vertex.transfer(label);
      let sent = 0;
      await storage.files.sendFiles(image.chainId, {
        talk: into(),
        prefix: severalPlatforms && splitByPlatform ? directoryOf(platform) : undefined,
        told(bytes) {
          sent = bytes;
          void transfer.told(bytes);
        },
        signal,
      });
      await transfer.done(sent);
    }
    return {};
  });
}
