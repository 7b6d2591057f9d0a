/**
 * What a build's cache says of itself where it lies for others: which steps there are, and the layers after each. The
 * form is BuildKit's (cache/remotecache/v1): layers point at those below, records at layers.
 */
import { InvalidArgument, messageOf } from '../base/errors.ts';
import { decodeBody, integer, list, object, optional, string } from '../base/schema.ts';
import { IMAGE_LAYERS_MAX } from './oci.ts';

/** Of the document, wherever it is kept. */
export const CACHE_CONFIG_TYPE = 'application/vnd.buildkit.cacheconfig.v0';
/** Where an image's configuration has its records, whose layers are the image's own. */
export const INLINE_CACHE = 'moby.buildkit.cache.v0';
/** BuildKit reads no larger one. */
const CONFIG_BYTES_MAX = 1 << 20;

/** A step, and how its layers lie. */
export interface CachedStep {
  /** What it is known by: `sha256:…`. */
  readonly digest: string;
  /** Blobs of its layers, bottom first. */
  readonly blobs: readonly string[];
}

const Layer = object('Layer', { blob: optional(string()), parent: optional(integer()) });
const Record_ = object('Record', {
  digest: optional(string()),
  layers: optional(list(object('Result', { layer: optional(integer()) }))),
  chains: optional(list(object('Chain', { layers: optional(list(integer())) }))),
});
const Config = object('CacheConfig', { layers: optional(list(Layer)), records: optional(list(Record_)) });

/** Steps that a cache has. */
export interface CachedSteps {
  /** Blobs of the layers after a step, bottom first; undefined: there is none of that digest, or it leads nowhere. */
  blobsOf(digest: string): readonly string[] | undefined;
}

/** The steps of a document. @throws InvalidArgument when it is none */
export function readCacheConfig(bytes: Buffer): CachedSteps {
  const { layers = [], records = [] } = parsed(bytes, Config);
  return stepsOf(layers, records);
}

/** The steps that an image's configuration tells, `blobs` being those of its layers. @throws InvalidArgument */
export function readInlineCache(bytes: Buffer, blobs: readonly string[]): CachedSteps {
  return stepsOf(
    blobs.map((blob, i) => ({ blob, parent: i - 1 })),
    parsed(bytes, list(Record_)),
  );
}

function parsed<T>(bytes: Buffer, schema: Parameters<typeof decodeBody<T>>[0]): T {
  if (bytes.length > CONFIG_BYTES_MAX)
    throw new InvalidArgument(`a cache's configuration is larger than ${CONFIG_BYTES_MAX} bytes`);
  try {
    return decodeBody(schema, JSON.parse(bytes.toString()));
  } catch (error) {
    throw new InvalidArgument(`invalid configuration of a cache: ${messageOf(error)}`, { cause: error });
  }
}

type LayerOf = { readonly blob?: string | undefined; readonly parent?: number | undefined };

interface RecordOf {
  readonly digest?: string | undefined;
  readonly layers?: readonly { readonly layer?: number | undefined }[] | undefined;
  readonly chains?: readonly { readonly layers?: readonly number[] | undefined }[] | undefined;
}

/** Nothing is followed before it is asked for: a small document can say very much. */
function stepsOf(layers: readonly LayerOf[], records: readonly RecordOf[]): CachedSteps {
  const known = new Map(records.map((record) => [record.digest ?? '', record]));
  return {
    blobsOf(digest) {
      const { layers: results = [], chains = [] } = known.get(digest) ?? {};
      const [result] = results;
      const [chain] = chains;
      if (result) return downFrom(result.layer ?? 0, layers);
      return chain && blobsAt(chain.layers ?? [], layers);
    },
  };
}

/** With all below. Undefined: they lead in circles, or nowhere. */
function downFrom(top: number, layers: readonly LayerOf[]): string[] | undefined {
  const indices: number[] = [];
  for (let at = top; at !== -1; at = layers[at]?.parent ?? 0) {
    if (indices.length === IMAGE_LAYERS_MAX || layers[at] === undefined) return undefined;
    indices.unshift(at);
  }
  return blobsAt(indices, layers);
}

function blobsAt(indices: readonly number[], layers: readonly LayerOf[]): string[] | undefined {
  if (indices.length > IMAGE_LAYERS_MAX) return undefined;
  const blobs = indices.map((index) => layers[index]?.blob ?? '');
  return blobs.length === 0 || blobs.includes('') ? undefined : blobs;
}

/** Steps as an image tells them, each by how many of its layers lie below, its own included. */
export const writeInlineCache = (
  steps: readonly { readonly digest: string; readonly count: number }[],
): Buffer =>
  Buffer.from(JSON.stringify(steps.map(({ digest, count }) => ({ layers: [{ layer: count - 1 }], digest }))));

/** Steps with their layers, as they lie for others. */
export function writeCacheConfig(steps: readonly CachedStep[]): {
  readonly bytes: Buffer;
  readonly blobs: string[];
} {
  const layers = new Map<
    string,
    { readonly blob: string; readonly parent: number; readonly index: number }
  >();
  const records = steps.map(({ digest, blobs }) => {
    let below = -1;
    for (const blob of blobs) {
      // The same blob on others is another layer.
      const key = `${below} ${blob}`;
      const layer = layers.get(key) ?? { blob, parent: below, index: layers.size };
      layers.set(key, layer);
      below = layer.index;
    }
    return { layers: [{ layer: below }], digest };
  });
  const all = [...layers.values()];
  // Go leaves out a zero, and reads one where nothing is.
  const told = all.map(({ blob, parent }) => (parent === 0 ? { blob } : { blob, parent }));
  const bytes = Buffer.from(JSON.stringify({ layers: told, records }));
  return { bytes, blobs: [...new Set(all.map(({ blob }) => blob))] };
}
