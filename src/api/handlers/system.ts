/** The engine itself: today's input → engine call → today's output. */
import {
  DISK_USAGE_KINDS,
  type DiskUsage,
  type DiskUsageKind,
  type ToldDiskUsage,
} from '../../model/disk-usage.ts';
import { requestFailure } from '../../model/failures/request.ts';
import type { Handlers, TextReply } from './handlers.ts';

/** What clients learn before anything else: never from a cache; builds as BuildKit does; no swarm. */
const ping: TextReply = {
  text: 'OK',
  headers: {
    'Cache-Control': 'no-cache, no-store, must-revalidate',
    Pragma: 'no-cache',
    'Builder-Version': '2',
    Swarm: 'inactive',
  },
};

export const system: Handlers<Extract<keyof Handlers, `system${string}`>> = {
  systemPing: async () => ping,

  systemPingHead: async () => ({ ...ping, text: '' }),

  systemVersion: (_input, { engine }) => engine.system.version(),

  systemInfo: (_input, { engine }) => engine.system.info(),

  async systemDiskUsage({ query }, { engine }) {
    const usage = await engine.system.diskUsage({ kinds: kindsOf(query.type) });
    return query.verbose ? usage : withAllAtTheTop(usage);
  },

  async systemOpenApi(_input, { openApi }) {
    if (!openApi) throw requestFailure.noPage();
  },

  async systemEvents({ query }, { engine, signal }) {
    const { since, until } = query;
    if (since !== undefined && until !== undefined && until < since)
      throw requestFailure.sinceAfterUntil({ since: seconds(since), until: seconds(until) });
    return engine.events.subscribe({ ...query, signal });
  },
};

const seconds = (nanos: bigint): string => String(Number(nanos) / 1e9);

/** The lists of all things stand beside the kinds too. */
const withAllAtTheTop = (usage: DiskUsage): ToldDiskUsage => ({
  ...usage,
  LayersSize: usage.ImageUsage?.TotalSize ?? 0,
  ...(usage.ImageUsage && { Images: usage.ImageUsage.Items ?? [] }),
  ...(usage.ContainerUsage && { Containers: usage.ContainerUsage.Items ?? [] }),
  ...(usage.VolumeUsage && { Volumes: usage.VolumeUsage.Items ?? [] }),
  ...(usage.BuildCacheUsage && { BuildCache: usage.BuildCacheUsage.Items ?? [] }),
});

/** None asked for: all. @throws InvalidArgument */
function kindsOf(said: readonly string[]): readonly DiskUsageKind[] {
  const unknown = said.find((kind) => !DISK_USAGE_KINDS.some((each) => each === kind));
  if (unknown !== undefined) throw requestFailure.objectTypeUnknown({ type: unknown });
  return said.length === 0 ? DISK_USAGE_KINDS : DISK_USAGE_KINDS.filter((kind) => said.includes(kind));
}
