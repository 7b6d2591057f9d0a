/** Steps that were done elsewhere (`--cache-from`): found by their keys in caches that images and registries hold. */
import { messageOf } from '../../../base/errors.ts';
import type { Log } from '../../../base/log.ts';
import type { WantedPlatform } from '../../../formats/platform.ts';
import { parseReference, withDefaultTag } from '../../../formats/reference.ts';
import { outputFailure } from '../../../model/failures/output.ts';
import type { ImageCaches } from '../../images/images.ts';
import type { FoundCache } from '../../images/open-cache.ts';
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
    lenders: JSON.stringify(wanted.map(({ type, attributes }) => [type, attributes.ref])),
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
  const { images, client, platform, signal } = deps;
  const name = attributes.ref ?? type;
  return asVertex(`importing cache manifest from ${name}`, deps, async () => {
    if (type === 'local') throw outputFailure.cacheInDirectory();
    if (type !== 'registry') throw outputFailure.importerUnknown({ type });
    if (!attributes.ref) throw outputFailure.cacheRefMissing();
    const reference = withDefaultTag(parseReference(attributes.ref));
    const credentials = () => client.login(loginHost(reference), signal);
    return await images.openCache({ reference, credentials, platform, signal });
  });
}
