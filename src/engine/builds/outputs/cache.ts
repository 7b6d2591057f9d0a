/** Tells others which steps were done (`--cache-to`): in the image itself, or as a cache of its own at a registry or in a directory of the client. */
import { INLINE_CACHE, writeInlineCache } from '../../../formats/cache-config.ts';
import type { ImageDocument } from '../../../formats/oci.ts';
import { parseReference, withDefaultTag } from '../../../formats/reference.ts';
import { isCacheElsewhere, outputFailure } from '../../../model/failures/output.ts';
import { chainIdOf, type Digest } from '../../../storage/index.ts';
import type { ImageCaches } from '../../images/images.ts';
import type { PushedStep } from '../../images/push-cache.ts';
import type { ImageSteps, NewImage } from '../../images/steps.ts';
import { loginHost } from '../logins.ts';
import type { BuildClient, CacheExport } from '../solve/promise.ts';
import type { SolvedImage } from '../solve/solved.ts';
import { asVertex, type Telling, type WorkVertex } from '../telling/vertex.ts';
import { switchOf, tellIgnored } from './attributes.ts';
import { fullName } from './names.ts';

/** What caches are exported with. */
export interface CacheOutputDeps {
  readonly images: Pick<ImageCaches, 'pushCache'> & Pick<ImageSteps, 'written'>;
}

type Exporting = Telling & { readonly client: BuildClient; readonly signal: AbortSignal };

/** @throws InvalidArgument for a kind that nobody knows, before anything is built */
export function checkCaches(wanted: readonly CacheExport[]): void {
  for (const { type, attributes } of wanted) {
    if (isCacheElsewhere(type)) throw outputFailure.cacheElsewhere({ type });
    if (type !== 'inline' && !isPushed(type)) throw outputFailure.exporterUnknown({ type });
    if (type === 'registry' && !attributes.ref) throw outputFailure.cacheRefMissing();
    if (type === 'local' && !attributes.dest)
      throw outputFailure.cacheDirectoryMissing({ what: 'exporter', attribute: 'dest' });
  }
}

/** A cache of its own, whose manifest the client is told of. */
const isPushed = (type: string): boolean => type === 'registry' || type === 'local';

/** Whether images are to tell their steps. */
export const isInline = (wanted: readonly CacheExport[]): boolean =>
  wanted.some(({ type }) => type === 'inline');

/** Images as they are to be written: with their steps, if `inline` says so. */
export async function imagesOf(
  results: readonly SolvedImage[],
  inline: ((each: SolvedImage) => NewImage) | undefined,
  vertex: WorkVertex,
): Promise<readonly NewImage[]> {
  if (inline === undefined) return results.map(({ image }) => image);
  return await vertex.part('preparing layers for inline cache', async () => results.map(inline));
}

/** The image with the steps that led to it. */
export function withInlineCache(result: SolvedImage, { images }: CacheOutputDeps): NewImage {
  const document = JSON.parse(result.image.bytes.toString()) as ImageDocument;
  const steps = inlineSteps(result, document.rootfs.diff_ids as readonly Digest[]);
  if (steps.length === 0) return result.image;
  const said = { ...document, [INLINE_CACHE]: writeInlineCache(steps).toString('base64') };
  const inOrder = Object.fromEntries(Object.entries(said).sort(([a], [b]) => (a < b ? -1 : 1)));
  return images.written(inOrder as ImageDocument);
}

/** Steps whose layers are the image's own. */
function inlineSteps({ steps }: SolvedImage, diffIds: readonly Digest[]) {
  const counts = new Map<string, number>();
  let chainId: ReturnType<typeof chainIdOf> | undefined;
  for (const [i, diffId] of diffIds.entries()) {
    chainId = chainIdOf(chainId, diffId);
    counts.set(chainId, i + 1);
  }
  return steps.flatMap(({ key, chainId: top }) => {
    const count = counts.get(top ?? '');
    return count === undefined ? [] : [{ digest: digestOf(key), count }];
  });
}

const digestOf = (key: string): string => `sha256:${key}`;

/** What the client is told of caches that were pushed. */
export async function exportCaches(
  wanted: readonly CacheExport[],
  results: readonly SolvedImage[],
  deps: CacheOutputDeps,
  exporting: Exporting,
): Promise<Readonly<Record<string, string>>> {
  const answers: Record<string, string> = {};
  for (const each of wanted.filter(({ type }) => isPushed(type))) {
    const name = `exporting cache to ${each.type === 'local' ? 'client directory' : 'registry'}`;
    const pushing = asVertex(name, exporting, (vertex) => pushTo(each, results, deps, exporting, vertex));
    const answer = await pushing.catch((error: unknown) => {
      if (exporting.signal.aborted || !switchOf(each.attributes, 'ignore-error')) throw error;
      return undefined;
    });
    if (answer !== undefined) answers['cache.manifest'] = answer;
  }
  return answers;
}

const READ = ['ref', 'dest', 'mode', 'image-manifest', 'oci-mediatypes', 'ignore-error'];
/** What the client itself does with its directory. */
const OF_CLIENT = ['tag', 'reset'];

/** Where a cache goes, and what that is called. */
function placeOf({ type, attributes: { ref = '', dest = '' } }: CacheExport, { client, signal }: Exporting) {
  if (type === 'local')
    return {
      name: dest,
      read: [...READ, ...OF_CLIENT],
      to: { is: 'store', store: client.store(`local:${dest}`) },
    } as const;
  const reference = withDefaultTag(parseReference(ref));
  const credentials = () => client.login(loginHost(reference), signal);
  return { name: fullName(reference), read: READ, to: { is: 'registry', reference, credentials } } as const;
}

async function pushTo(
  wanted: CacheExport,
  results: readonly SolvedImage[],
  { images }: CacheOutputDeps,
  exporting: Exporting,
  vertex: WorkVertex,
): Promise<string | undefined> {
  const { attributes } = wanted;
  const { signal } = exporting;
  const { name, read, to } = placeOf(wanted, exporting);
  const asImage = switchOf(attributes, 'image-manifest') ?? false;
  const ociTypes = switchOf(attributes, 'oci-mediatypes') ?? true;
  await tellIgnored(attributes, read, vertex);
  const steps = await vertex.part('preparing build cache for export', async () =>
    pushedSteps(results, attributes.mode === 'max'),
  );
  if (steps.length === 0) {
    await vertex.part('skipping cache export for empty result', async () => undefined);
    return undefined;
  }
  const options = { to, steps, asImage, ociTypes, signal };
  const pushed = await vertex.part(`writing layers to ${name}`, () => images.pushCache(options));
  if (pushed === undefined) return undefined;
  await vertex.part(
    `writing cache ${asImage ? 'image ' : ''}manifest ${pushed.digest}`,
    async () => undefined,
  );
  return JSON.stringify(pushed.descriptor);
}

/** Each once; of all stages, or of those that the results stand on. */
function pushedSteps(results: readonly SolvedImage[], all: boolean): PushedStep[] {
  const steps = results.flatMap((result) =>
    all ? [...result.steps, ...(result.others ?? [])] : result.steps,
  );
  const found = steps.flatMap(({ key, chainId, description }) =>
    chainId === undefined ? [] : [[key, { digest: digestOf(key), top: chainId, description }] as const],
  );
  return [...new Map(found).values()];
}
