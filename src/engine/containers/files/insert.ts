/** Puts a file from the web into an image: what clients did before builds had ADD. */
import { posix } from 'node:path';
import { Readable } from 'node:stream';
import { gather } from '../../../base/bytes.ts';
import { tarEnd, tarEntry, tarHeader, tarPadding } from '../../../formats/tar/writer.ts';
import { containerFailure } from '../../../model/failures/container.ts';
import type { Progress } from '../../../model/progress.ts';
import type { Download } from '../../../registry/index.ts';
import { told } from '../../images/downloading.ts';
import { progressOf, type Say } from '../../images/progress.ts';
import type { WithImages } from '../needs.ts';
import type { Containers, InsertOptions } from '../promise.ts';

/** What an insert needs besides the verbs of containers. */
export type InsertDeps = WithImages & {
  /** Gets what lies on the web; dispose of it. */
  readonly download: (url: URL, signal: AbortSignal) => Promise<Download>;
};

/** What comes without a length is held in memory: no more of it than this. */
const UNANNOUNCED_BYTES_MAX = 64 << 20;

/**
 * A container of the image takes the file and becomes the new image, whose id the last message says; the container goes.
 * @throws NotFound, InvalidArgument from the first step of the iteration
 */
export async function* insertFile(
  containers: Pick<Containers, 'create' | 'putArchive' | 'commit' | 'remove'>,
  { images, download }: InsertDeps,
  { image, url, path, signal }: InsertOptions,
): AsyncGenerator<Progress, void> {
  const { id, config } = images.resolve(image);
  const target = posix.normalize(`/${path}`);
  if (!URL.canParse(url)) throw containerFailure.insertUrlInvalid({ url: url.slice(0, 100) });
  if (target.endsWith('/')) throw containerFailure.insertNamesNoFile({ path });
  yield* progressOf(signal, async (say, signal) => {
    await using source = await download(new URL(url), signal);
    const runs = (config.Cmd?.length ?? 0) + (config.Entrypoint?.length ?? 0) > 0;
    const { Id } = await containers.create(
      { Image: id, ...(runs ? {} : { Cmd: ['true'] }), HostConfig: { NetworkMode: 'none' } },
      { name: undefined, platform: undefined, readOnlyIsFlat: false, signal },
    );
    try {
      const archive = Readable.from(archiveOf(source, target, say));
      await containers.putArchive(Id, '/', archive, {
        noOverwriteDirNonDir: true,
        copyUIDGID: false,
        signal,
      });
      const unnamed = { repo: undefined, tag: undefined, comment: '', author: '' };
      const made = await containers.commit(Id, {
        ...unnamed,
        pause: false,
        changes: [],
        config: undefined,
        signal,
      });
      say({ status: made.Id });
    } finally {
      await containers.remove(Id, { force: true, volumes: true, link: false });
    }
  });
}

/** A tar member says its size before its bytes. */
async function* archiveOf(source: Download, target: string, say: Say): AsyncGenerator<Buffer, void> {
  const body = told(source, 'Downloading', say);
  const whole = source.bytes === undefined ? await gather(body, UNANNOUNCED_BYTES_MAX, tooLarge) : undefined;
  const size = source.bytes ?? whole?.length ?? 0;
  yield tarHeader(tarEntry({ path: target.slice(1), size }));
  let current = 0;
  for await (const part of whole ? [whole] : body) {
    current += part.length;
    yield part;
  }
  if (current !== size) throw containerFailure.insertEnded({ from: source.from, current, size });
  yield tarPadding(size);
  yield tarEnd();

  function tooLarge(): Error {
    return containerFailure.insertTooLong({ from: source.from, most: UNANNOUNCED_BYTES_MAX });
  }
}
