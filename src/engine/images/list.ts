/** The list of images, filtered as clients ask. */
import { type Nanos, parseRfc3339, parseUnixSeconds } from '../../base/time.ts';
import { parseGoDuration } from '../../formats/go-duration.ts';
import { pathMatch } from '../../formats/path-match.ts';
import { familiarName, parseReference } from '../../formats/reference.ts';
import { filterFailure } from '../../model/failures/filter.ts';
import type { Filters } from '../../model/filters.ts';
import type { ImageSummary } from '../../model/image.ts';
import type { ChainId } from '../../storage/index.ts';
import type { ImageVerbs } from './deps.ts';
import { imagesByManifest, manifestSummaries, targetDescriptor } from './manifests.ts';
import { imageBytes } from './parts.ts';
import type { ListImagesOptions } from './promise.ts';
import type { Image } from './store.ts';

const KNOWN = new Set(['dangling', 'label', 'before', 'since', 'reference', 'until']);

/** Newest first. @throws InvalidArgument for filters that do not exist or make no sense, NotFound for their images */
export function listImages(options: ListImagesOptions, verbs: ImageVerbs): ImageSummary[] {
  const { store } = verbs;
  const asked = readFilters(options.filters, verbs);
  const shared = options.sharedSize ? countLayers(store.all()) : undefined;
  const summaries: ImageSummary[] = [];
  // Several may be of one second, as clients see it.
  const newestFirst = store
    .all()
    .toSorted((a, b) => compareNanos(b.createdNanos ?? 0n, a.createdNanos ?? 0n));
  for (const image of newestFirst) {
    if (!fits(image, asked)) continue;
    const names = visibleNames(image, options.all, asked, verbs);
    if (names) summaries.push(summary(image, names, shared, verbs));
  }
  return summaries;
}

/** The same, with their manifests where the client asks for them. @throws as the list does */
export async function listWithManifests(
  options: ListImagesOptions,
  verbs: ImageVerbs,
): Promise<ImageSummary[]> {
  const listed = listImages(options, verbs);
  if (!options.manifests) return listed;
  const here = { images: imagesByManifest(verbs), withIdentity: options.identity ?? false };
  return Promise.all(
    listed.map(async (each) => {
      const image = verbs.store.get(each.Id);
      const Manifests = image && (await manifestSummaries(image, here, verbs));
      return { ...each, ...(Manifests && { Manifests }) };
    }),
  );
}

const compareNanos = (a: Nanos, b: Nanos): number => (a < b ? -1 : Number(a > b));

interface Asked {
  readonly before: Nanos | undefined;
  readonly since: Nanos | undefined;
  readonly labels: readonly string[];
  readonly references: readonly string[];
  readonly dangling: boolean | undefined;
}

function readFilters(filters: Filters, verbs: ImageVerbs): Asked {
  const unknown = [...filters.keys()].find((name) => !KNOWN.has(name));
  if (unknown !== undefined) throw filterFailure.unknown({ name: unknown });
  const values = (name: string): readonly string[] => filters.get(name) ?? [];
  const created = (name: string) => verbs.store.find(name).createdNanos;
  const before = [
    ...values('before').map(created),
    ...values('until').map((text) => readTime(text, verbs.now())),
  ];
  return {
    before: extreme(before, (a, b) => a < b),
    since: extreme(values('since').map(created), (a, b) => a > b),
    labels: values('label'),
    references: values('reference'),
    dangling: readBoolean(values('dangling')),
  };
}

function extreme(
  times: readonly (Nanos | undefined)[],
  wins: (a: Nanos, b: Nanos) => boolean,
): Nanos | undefined {
  return times.reduce(
    (best, time) => (time !== undefined && (best === undefined || wins(time, best)) ? time : best),
    undefined,
  );
}

function readBoolean(values: readonly string[]): boolean | undefined {
  if (values.length === 0) return undefined;
  const yes = values.some((value) => value === '1' || value === 'true');
  const no = values.some((value) => value === '0' || value === 'false');
  if (yes === no) throw filterFailure.valuesInvalid({ name: 'dangling', values });
  return yes;
}

/** A point in time, seconds since 1970, a date, or a duration before now. @throws InvalidArgument */
function readTime(text: string, now: Nanos): Nanos {
  const span = parseGoDuration(text);
  if (span !== undefined) return now - BigInt(span);
  const time = parseUnixSeconds(text) ?? parseRfc3339(text) ?? parseRfc3339(withZone(text));
  if (time === undefined) throw filterFailure.timeInvalid({ text });
  return time;
}

/** Without a zone a time is this machine's. */
function withZone(text: string): string {
  const full = /^\d{4}-\d\d-\d\d$/.test(text)
    ? `${text}T00:00:00`
    : text.replace(/^(\S+T\d\d(?::\d\d)?)$/, (t) => (t.length === 13 ? `${t}:00:00` : `${t}:00`));
  const local = new Date(full);
  return Number.isNaN(local.getTime()) ? '' : local.toISOString();
}

function fits(image: Image, { before, since, labels }: Asked): boolean {
  const at = image.createdNanos;
  if (before !== undefined && (at === undefined || at >= before)) return false;
  if (since !== undefined && (at === undefined || at <= since)) return false;
  const own = image.document.config?.Labels ?? {};
  return labels.every((wanted) => {
    const [key = '', ...value] = wanted.split('=');
    return Object.hasOwn(own, key) && (value.length === 0 || own[key] === value.join('='));
  });
}

interface Names {
  readonly tags: readonly string[];
  readonly digests: readonly string[];
}

/** What is shown of an image's names; undefined: the image is not shown. */
function visibleNames(image: Image, all: boolean, asked: Asked, { store }: ImageVerbs): Names | undefined {
  const { references, dangling } = asked;
  const hasChildren = store.children(image.id).length > 0;
  if (dangling && hasChildren) return undefined;
  const shown = (name: string) =>
    references.length === 0 || references.some((pattern) => matches(pattern, name));
  const tags = store.tags(image.id).filter(shown);
  const digests = store.digests(image.id).filter(shown);
  if (tags.length === 0 && digests.length === 0) {
    if (!all && hasChildren) return undefined;
    if (dangling === false || references.length > 0) return undefined;
  } else if (dangling && tags.length > 0) return undefined;
  return { tags, digests };
}

/** A pattern fits the whole name, or the repository alone. */
const matches = (pattern: string, name: string): boolean =>
  pathMatch(pattern, name) || pathMatch(pattern, familiarName(parseReference(name)));

function summary(
  image: Image,
  { tags, digests }: Names,
  shared: Map<ChainId, number> | undefined,
  verbs: ImageVerbs,
): ImageSummary {
  const Descriptor = targetDescriptor(image);
  return {
    Id: image.id,
    ParentId: image.parent ?? '',
    RepoTags: tags,
    RepoDigests: digests,
    Created: image.createdNanos === undefined ? 0 : Number(image.createdNanos / 1_000_000_000n),
    Size: imageBytes(image, verbs),
    SharedSize: shared ? sharedBytes(image, shared, verbs) : -1,
    Containers: verbs.usedBy(image.id).length,
    Labels: image.document.config?.Labels ?? NO_LABELS,
    ...(Descriptor && { Descriptor }),
  };
}

/** Go writes a map that was never made as `null`, and clients of the list see it so. */
const NO_LABELS = null as unknown as Readonly<Record<string, string>>;

function countLayers(images: readonly Image[]): Map<ChainId, number> {
  const count = new Map<ChainId, number>();
  for (const { chain } of images)
    for (const chainId of chain) count.set(chainId, (count.get(chainId) ?? 0) + 1);
  return count;
}

function sharedBytes({ chain }: Image, count: ReadonlyMap<ChainId, number>, { storage }: ImageVerbs): number {
  return chain
    .filter((chainId) => (count.get(chainId) ?? 0) > 1)
    .reduce((sum, chainId) => sum + (storage.layers.get(chainId)?.bytes ?? 0), 0);
}
