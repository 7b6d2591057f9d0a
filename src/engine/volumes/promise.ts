/** What the engine promises of volumes. */
import type { Filters } from '../../model/filters.ts';
import type { Volume, VolumeCreateRequest, VolumeList, VolumesPruned } from '../../model/volume.ts';

/** How a volume is removed. */
export interface RemoveVolumeOptions {
  /** One that is not there is no error. */
  readonly force: boolean;
}

/** How long a prune goes on. */
export interface PruneVolumesOptions {
  readonly signal: AbortSignal;
}

/** @throws NotFound, Conflict, InvalidArgument … */
export interface Volumes {
  list(filters: Filters): Promise<VolumeList>;
  inspect(name: string): Promise<Volume>;
  /** A name that is there already is answered as it is. */
  create(request: VolumeCreateRequest): Promise<Volume>;
  /** @throws Conflict while a container has it */
  remove(name: string, options: RemoveVolumeOptions): Promise<void>;
  /** Removes what no container has. */
  prune(filters: Filters, options: PruneVolumesOptions): Promise<VolumesPruned>;
}
