/** What is asked of registries without an image coming or going: search, login, what a name leads to. */
import { NotFound } from '../../base/errors.ts';
import { readAbout, readImageDocument, readIndex, readManifest } from '../../formats/oci.ts';
import { familiarString, parseReference, withDefaultTag } from '../../formats/reference.ts';
import { filterFailure } from '../../model/failures/filter.ts';
import { imageFailure } from '../../model/failures/image.ts';
import type { Filters } from '../../model/filters.ts';
import type { DistributionInspect, SearchResult } from '../../model/registry.ts';
import { firstRoute, isMissing, type Repository } from '../../registry/index.ts';
import type { ImageVerbs } from './deps.ts';
import { kindOf } from './manifest.ts';
import { platformTold } from './parts.ts';
import type { DistributionOptions, LoginOptions, SearchOptions } from './promise.ts';

const SEARCH_DEFAULT = 25;
const SEARCH_MAX = 100;
const FILTERS = ['is-official', 'is-automated', 'stars'];

/** Repositories that a registry finds by a word. @throws InvalidArgument, and what the registry makes of it */
export async function searchImages(
  { term, limit, filters, credentials, signal }: SearchOptions,
  { registries }: ImageVerbs,
): Promise<SearchResult[]> {
  const wanted = limit === undefined || limit === 0 ? SEARCH_DEFAULT : limit;
  if (wanted < 1 || wanted > SEARCH_MAX) throw imageFailure.searchLimitInvalid({ wanted, most: SEARCH_MAX });
  const keep = readFilters(filters);
  const hits = await registries.search(term, { limit: wanted, credentials, signal });
  return hits.filter(keep).map((hit) => ({
    star_count: hit.stars,
    is_official: hit.official,
    name: hit.name,
    is_automated: hit.automated,
    description: hit.description,
  }));
}

type Hit = { readonly stars: number; readonly official: boolean; readonly automated: boolean };

function readFilters(filters: Filters): (hit: Hit) => boolean {
  const unknown = [...filters.keys()].find((name) => !FILTERS.includes(name));
  if (unknown !== undefined) throw filterFailure.unknown({ name: unknown });
  const flag = (name: string): boolean | undefined => {
    const value = filters.get(name)?.at(-1);
    if (value === undefined) return undefined;
    if (!['true', '1', 'false', '0'].includes(value.toLowerCase()))
      throw filterFailure.valuesInvalid({ name, values: [value] });
    return ['true', '1'].includes(value.toLowerCase());
  };
  const [official, automated] = [flag('is-official'), flag('is-automated')];
  const stars = (filters.get('stars') ?? []).map((value) => {
    if (!/^\d{1,9}$/.test(value)) throw filterFailure.valuesInvalid({ name: 'stars', values: [value] });
    return Number(value);
  });
  const least = Math.max(0, ...stars);
  return (hit) =>
    hit.stars >= least &&
    (official === undefined || hit.official === official) &&
    (automated === undefined || hit.automated === automated);
}

/** Asks a registry whether it lets these credentials in. @throws Unauthorized when it does not */
export function login(
  { server, credentials, signal }: LoginOptions,
  { registries }: ImageVerbs,
): Promise<void> {
  return registries.login(server, credentials, signal);
}

/** What a name leads to at its registry: nothing is kept. @throws NotFound, InvalidArgument */
export async function inspectDistribution(
  { image, credentials, signal }: DistributionOptions,
  { registries }: ImageVerbs,
): Promise<DistributionInspect> {
  const reference = withDefaultTag(parseReference(image));
  const routes = registries.routesToPull(reference.domain, reference.path, credentials);
  const wanted = reference.digest ?? reference.tag ?? '';
  try {
    return await firstRoute(routes, ({ repository }) => describe(repository, wanted, signal));
  } catch (error) {
    if (!isMissing(error)) throw error;
    const message = `manifest for ${familiarString(reference)} not found: ${error.message}`;
    throw new NotFound(message, { cause: error });
  }
}

async function describe(
  repository: Repository,
  wanted: string,
  signal: AbortSignal,
): Promise<DistributionInspect> {
  const document = await repository.manifest(wanted, signal);
  const isIndex = kindOf(document) === 'index';
  const platforms = isIndex
    ? readIndex(document.bytes).manifests.flatMap(({ platform }) => (platform ? [platform] : []))
    : await platformOf(repository, document.bytes, signal);
  const { digest, mediaType, bytes } = document;
  const { annotations, artifactType } = readAbout(bytes);
  const Descriptor = {
    mediaType,
    digest,
    size: bytes.length,
    ...(annotations && { annotations }),
    ...(artifactType && { artifactType }),
  };
  return { Descriptor, Platforms: platforms };
}

/** A manifest does not say it; its configuration does. */
async function platformOf(
  repository: Repository,
  manifest: Buffer,
  signal: AbortSignal,
): Promise<DistributionInspect['Platforms']> {
  const { digest = '' } = readManifest(manifest).config;
  return [platformTold(readImageDocument(await repository.document(digest, signal)))];
}
