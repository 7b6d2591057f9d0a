/** Exports a result as an image of this engine, and of registries where that is asked for. */
import { familiarName, type ImageReference } from '../../../formats/reference.ts';
import { outputFailure } from '../../../model/failures/output.ts';
import type { Images } from '../../images/promise.ts';
import type { ImageSteps, NewImage } from '../../images/steps.ts';
import { loginHost } from '../logins.ts';
import type { BuildClient, BuildOutput } from '../solve/promise.ts';
import type { SolvedImage } from '../solve/solved.ts';
import { asVertex, type Telling, type WorkVertex } from '../telling/vertex.ts';
import { switchOf, tellIgnored } from './attributes.ts';
import { imagesOf } from './cache.ts';
import { fullName, nameOf } from './names.ts';

/** What images are exported with. */
export interface ImageOutputDeps {
  readonly images: Pick<Images, 'tag' | 'push'> & Pick<ImageSteps, 'keep'>;
}

type ImageOutput = Extract<BuildOutput, { is: 'image' }>;

const READ = ['name', 'push', 'push-by-digest'];

/** How it is exported. */
interface Exporting extends Telling {
  readonly client: BuildClient;
  readonly signal: AbortSignal;
  /** Puts the steps into the image; undefined: they are not told. */
  readonly inline: ((each: SolvedImage) => NewImage) | undefined;
}

/** What the client is told: digests and names. */
export function exportImage(
  output: ImageOutput,
  result: SolvedImage,
  deps: ImageOutputDeps,
  { client, signal, inline, ...telling }: Exporting,
): Promise<Readonly<Record<string, string>>> {
  const names = output.names.map(nameOf);
  return asVertex('exporting to image', telling, async (vertex) => {
    checkPush(output);
    await tellIgnored(output.attributes, READ, vertex);
    // Nothing is left to do for them: they were made and kept when their steps were done.
    if (result.image.chainId !== undefined) await vertex.part('exporting layers', async () => undefined);
    const [image = result.image] = await imagesOf([result], inline, vertex);
    await vertex.part(`writing image ${image.id}`, () => deps.images.keep([image], []));
    for (const name of names)
      await vertex.part(`naming to ${fullName(name)}`, () =>
        deps.images.tag(image.id, { repo: familiarName(name), tag: name.tag }),
      );
    const pushed = output.push ? await push(names, deps, vertex, client, signal) : undefined;
    return {
      'containerimage.config.digest': image.id,
      'containerimage.digest': pushed?.digest ?? image.id,
      ...(pushed && { 'containerimage.descriptor': encoded(pushed) }),
      ...(names.length > 0 ? { 'image.name': names.map(fullName).join(',') } : {}),
    };
  });
}

/** @throws InvalidArgument for what cannot be pushed */
function checkPush({ push, names, attributes }: ImageOutput): void {
  if (switchOf(attributes, 'push-by-digest')) throw outputFailure.pushByDigest();
  if (push && names.length === 0) throw outputFailure.pushNameless();
}

/** The one image of a build, as it is exported. @throws InvalidArgument when there are several */
export function onlyResult(results: readonly SolvedImage[]): SolvedImage {
  const [result, ...more] = results;
  if (more.length > 0 || result === undefined) throw outputFailure.imageOfSeveral();
  return result;
}

/** A manifest at a registry. */
interface Pushed {
  readonly digest: string;
  readonly size: number;
}

/** As other documents would name it. */
const encoded = ({ digest, size }: Pushed): string =>
  Buffer.from(JSON.stringify({ mediaType: PUSHED_TYPE, digest, size })).toString('base64');
/** Images that were built here leave under it. */
const PUSHED_TYPE = 'application/vnd.docker.distribution.manifest.v2+json';

/** What registries know the image by. */
async function push(
  names: readonly ImageReference[],
  { images }: ImageOutputDeps,
  vertex: WorkVertex,
  client: BuildClient,
  signal: AbortSignal,
): Promise<Pushed | undefined> {
  let pushed: Pushed | undefined;
  for (const name of names) {
    pushed = await vertex.part('pushing layers', async () => {
      const credentials = await client.login(loginHost(name), signal);
      const wanted = { image: familiarName(name), tag: name.tag ?? 'latest', credentials, signal };
      let found: Pushed | undefined;
      for await (const { aux } of images.push(wanted)) found = pushedIn(aux) ?? found;
      return found;
    });
    await vertex.part(`pushing manifest for ${fullName(name)}@${pushed?.digest}`, async () => undefined);
  }
  return pushed;
}

/** The last message of a push tells it. */
function pushedIn(aux: unknown): Pushed | undefined {
  const { Digest: digest, Size: size } = (aux ?? {}) as { readonly Digest?: string; readonly Size?: number };
  return digest === undefined ? undefined : { digest, size: size ?? 0 };
}
