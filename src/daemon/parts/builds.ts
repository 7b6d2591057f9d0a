/** The builder, put together. */
import type { Log } from '../../base/log.ts';
import { nowNanos } from '../../base/time.ts';
import { type BuildRoomDeps, openBuilds } from '../../engine/index.ts';
import type { DaemonOptions } from '../options.ts';
import type { Foundations } from './foundations.ts';

/** What the builder shares with the rest of the engine. */
type Shared = Pick<BuildRoomDeps, 'containers' | 'held' | 'images'>;

/** Opens the build cache. */
export const buildBuilder = (
  { dataRoot, buildCacheBytes, proxies }: Pick<DaemonOptions, 'buildCacheBytes' | 'dataRoot' | 'proxies'>,
  { storage, events, registries }: Foundations,
  shared: Shared,
  log: Log,
) =>
  openBuilds({
    ...shared,
    storage,
    events,
    download: (url, signal) => registries.download(url, signal),
    proxies,
    now: nowNanos,
    log,
    cacheBytes: buildCacheBytes,
    root: `${dataRoot}/build`,
  });
