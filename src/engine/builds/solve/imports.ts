/** Steps that were done elsewhere (`--cache-from`): found by their keys in caches that images, registries and the client hold. */
import { messageOf } from '../../../base/errors.ts';
import type { Log } from '../../../base/log.ts';
import type { WantedPlatform } from '../../../formats/platform.ts';
import { parseReference, withDefaultTag } from '../../../formats/reference.ts';
import { isCacheElsewhere, outputFailure } from '../../../model/failures/output.ts';
import type { ImageCaches } from '../../images/images.ts';
import type { CachePlace, FoundCache } from '../../images/open-cache.ts';
import { loginHost } from '../logins.ts';
import { asVertex, type Telling } from '../telling/vertex.ts';
import type { BuildClient, CacheImport } from './promise.ts';
import type { ImportedSteps } from './solved.ts';

/** What caches are looked for with. */
export interface ImportDeps extends Telling {
  readonly images: Pick<ImageCaches, 'openCache'>;
  readonly client: BuildClient;
  readonly platform: WantedPlatform | undefined;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * Nothing is looked for before a step is not found here; then all are, at once. One that is not found is told, and no
 * reason to fail. Undefined: there is nothing to look for.
 */
export function importedSteps(wanted: readonly CacheImport[], deps: ImportDeps): ImportedSteps | undefined {
  if (wanted.length === 0) return undefined;
  let opening: readonly Promise<FoundCache | undefined>[] | undefined;
  return {
    lenders: JSON.stringify(
      wanted.map(({ type, attributes }) => [type, attributes.ref ?? attributes.digest]),
    ),
    async find(key, lease, signal) {
      opening ??= wanted.map((each) => opened(each, deps).catch(() => undefined));
      for (const each of opening) {
        const cache = await each;
        const blobs = cache?.blobsOf(`sha256:${key}`);
        if (cache === undefined || blobs === undefined) continue;
        const brought = await cache.bring(blobs, lease, signal).catch((error: unknown) => {
          signal.throwIfAborted();
          deps.log.warn('build.cache-not-brought', { step: key, reason: messageOf(error) });
          return undefined;
        });
        if (brought !== undefined) return { chainId: brought };
      }
      return undefined;
    },
  };
}

function opened({ type, attributes }: CacheImport, deps: ImportDeps): Promise<FoundCache> {
  const { images, platform, signal } = deps;
  const name = attributes.ref ?? (attributes.src === undefined ? type : `${type}:${attributes.src}`);
  return asVertex(`importing cache manifest from ${name}`, deps, async () =>
    images.openCache({ from: placeOf(type, attributes, deps), platform, signal }),
  );
}

/** @throws InvalidArgument */
function placeOf(
  type: string,
  { ref, src, digest }: CacheImport['attributes'],
  { client, signal }: ImportDeps,
): CachePlace['from'] {
  switch (type) {
    case 'registry': {
      if (!ref) throw outputFailure.cacheRefMissing();
      const reference = withDefaultTag(parseReference(ref));
      const credentials = () => client.login(loginHost(reference), signal);
      return { is: 'registry', reference, credentials };
    }
    case 'local':
      if (!src) throw outputFailure.cacheDirectoryMissing({ what: 'importer', attribute: 'src' });
      // The client looks it up in the directory's index.
      if (!digest) throw outputFailure.cacheDigestMissing();
      return { is: 'store', store: client.store(`local:${src}`), digest };
    default:
      if (isCacheElsewhere(type)) throw outputFailure.cacheElsewhere({ type });
      throw outputFailure.importerUnknown({ type });
  }
}
