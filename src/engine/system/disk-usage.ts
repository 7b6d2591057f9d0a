/** `docker system df`: what each kind of thing takes on the disk. */
import type {
  ContainersUsage,
  DiskUsage,
  DiskUsageKind,
  ImagesUsage,
  VolumesUsage,
} from '../../model/disk-usage.ts';
import type { Builds } from '../builds/promise.ts';
import type { Containers } from '../containers/promise.ts';
import type { System } from './promise.ts';

/** Who knows what takes how much. */
export interface DiskUsageDeps {
  readonly builds: Pick<Builds, 'usage'>;
  readonly containers: Pick<Containers, 'list'>;
  readonly images: { usage(): Promise<ImagesUsage> };
  readonly volumes: { usage(): Promise<VolumesUsage> };
}

/** Who asks while the same is being measured gets that answer: trees are walked once. */
export function createDiskUsage({ builds, containers, images, volumes }: DiskUsageDeps): System['diskUsage'] {
  const measuring = new Map<DiskUsageKind, Promise<unknown>>();
  const once = <T>(what: DiskUsageKind, measure: () => Promise<T>): Promise<T> => {
    const running = measuring.get(what) ?? measure().finally(() => measuring.delete(what));
    measuring.set(what, running);
    return running as Promise<T>;
  };
  return async ({ kinds }): Promise<DiskUsage> => {
    const ask = <T>(kind: DiskUsageKind, measure: () => Promise<T>): Promise<T | undefined> =>
      kinds.includes(kind) ? once(kind, measure) : Promise.resolve(undefined);
    const [container, image, volume, build] = await Promise.all([
      ask('container', () => containersUsage(containers)),
      ask('image', () => images.usage()),
      ask('volume', () => volumes.usage()),
      ask('build-cache', () => builds.usage()),
    ]);
    return {
      ...(image && { ImageUsage: image }),
      ...(container && { ContainerUsage: container }),
      ...(volume && { VolumeUsage: volume }),
      ...(build && { BuildCacheUsage: build }),
    };
  };
}

async function containersUsage(containers: Pick<Containers, 'list'>): Promise<ContainersUsage> {
  const all = { all: true, limit: undefined, size: true, filters: new Map() };
  const list = await containers.list({ ...all, unknownAnchors: 'ignored' });
  const bytes = (some: typeof list) => some.reduce((sum, { SizeRw = 0 }) => sum + SizeRw, 0);
  const idle = list.filter(({ State }) => !['running', 'paused', 'restarting'].includes(State));
  return {
    TotalCount: list.length,
    ActiveCount: list.length - idle.length,
    TotalSize: bytes(list),
    Reclaimable: bytes(idle),
    Items: list,
  };
}
