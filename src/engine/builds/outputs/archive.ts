/** Exports a result as an archive of images: Docker's, or an OCI layout. */
import { pipeline } from 'node:stream/promises';
import { formatNanos } from '../../../base/time.ts';
import { withDefaultTag } from '../../../formats/reference.ts';
import { outputFailure } from '../../../model/failures/output.ts';
import type { Storage } from '../../../storage/index.ts';
import type { ImageSteps, NewImage } from '../../images/steps.ts';
import type { BuildOutput } from '../solve/promise.ts';
import type { SolvedImage } from '../solve/solved.ts';
import { asVertex, type Telling } from '../telling/vertex.ts';
import { switchOf, tellIgnored } from './attributes.ts';
import { imagesOf } from './cache.ts';
import { fullName, nameOf } from './names.ts';

/** What archives are exported with. */
export interface ArchiveOutputDeps {
  readonly images: Pick<ImageSteps, 'archive'>;
  readonly storage: Pick<Storage, 'lease'>;
}

/** How it is exported. */
interface Exporting extends Telling {
  readonly signal: AbortSignal;
  /** Puts the steps into an image; undefined: they are not told. */
  readonly inline: ((each: SolvedImage) => NewImage) | undefined;
}

type ArchiveOutput = Extract<BuildOutput, { is: 'archive' }>;

const READ = ['name', 'tar', 'dest'];

/** What the client is told: digests, names, and the descriptor of what is in the archive. */
export function exportArchive(
  output: ArchiveOutput,
  results: readonly SolvedImage[],
  indexed: boolean,
  { images: steps, storage }: ArchiveOutputDeps,
  { signal, inline, ...telling }: Exporting,
): Promise<Readonly<Record<string, string>>> {
  const { format, attributes, into } = output;
  const names = output.names.map((name) => withDefaultTag(nameOf(name)));
  return asVertex(`exporting to ${format} image format`, telling, async (vertex) => {
    if (switchOf(attributes, 'tar') === false) throw outputFailure.layoutUnsupported({ format });
    if (format === 'docker' && indexed) throw outputFailure.archiveOfSeveral();
    await tellIgnored(attributes, READ, vertex);
    await using lease = storage.lease('export');
    const images = await imagesOf(results, inline, vertex);
    const created = `${formatNanos(telling.now()).slice(0, 19)}Z`;
    const { digest, descriptor, bytes } = await vertex.part('exporting layers', () =>
      steps.archive({ images, names, form: format, indexed, created, lease }),
    );
    await vertex.part(`exporting ${indexed ? 'manifest list' : 'manifest'} ${digest}`, async () => undefined);
    const [image] = indexed ? [] : images;
    if (image) await vertex.part(`exporting config ${image.id}`, async () => undefined);
    await vertex.part('sending tarball', () => pipeline(bytes, into(), { signal }));
    return {
      'containerimage.digest': digest,
      ...(image ? { 'containerimage.config.digest': image.id } : {}),
      'containerimage.descriptor': Buffer.from(JSON.stringify(descriptor)).toString('base64'),
      ...(names.length > 0 ? { 'image.name': names.map(fullName).join(',') } : {}),
    };
  });
}
