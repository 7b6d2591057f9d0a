/** The prune of the build cache, which nobody can fill here yet: it is asked for with every `docker system prune`. */
import { parseGoDuration } from '../../formats/go-duration.ts';
import { filterFailure } from '../../model/failures/filter.ts';
import type { Filters } from '../../model/filters.ts';
import type { BuildCachePruned } from '../../model/prune.ts';
import type { NewEvent } from '../events/events.ts';

interface Deps {
  readonly events: { emit(event: NewEvent): void };
}

/** No build leaves anything here. @throws InvalidArgument */
export function pruneBuildCache(filters: Filters, { events }: Deps): BuildCachePruned {
  const until = filters.get('until') ?? [];
  if (until.length > 1) throw filterFailure.oneValueOnly();
  if (until[0] !== undefined && parseGoDuration(until[0]) === undefined)
    throw filterFailure.untilNoDuration({ until: until[0] });
  events.emit({ Type: 'builder', Action: 'prune', id: '', attributes: { reclaimed: '0' } });
  return { SpaceReclaimed: 0 };
}
