/** Prunes of what only users make and nobody can make here yet: they are asked for with every `docker system prune`. */
import { InvalidArgument } from '../../base/errors.ts';
import { nowNanos } from '../../base/time.ts';
import { parseGoDuration } from '../../formats/go-duration.ts';
import type { Filters } from '../../model/filters.ts';
import type { BuildCachePruned, NetworksPruned } from '../../model/prune.ts';
import type { Happening } from '../events/events.ts';
import { checkFilterNames, untilFilter } from '../filters.ts';

interface Deps {
  readonly events: { emit(event: Happening): void };
}

/** The networks of this engine are its own, which no prune takes. @throws InvalidArgument */
export function pruneNetworks(filters: Filters, deps: Deps): NetworksPruned {
  checkFilterNames(filters, ['label', 'label!', 'until']);
  untilFilter(filters, nowNanos());
  tellPruned('network', deps);
  return {};
}

/** No build leaves anything here. @throws InvalidArgument */
export function pruneBuildCache(filters: Filters, deps: Deps): BuildCachePruned {
  const until = filters.get('until') ?? [];
  if (until.length > 1) throw new InvalidArgument('filters expect only one value');
  if (until[0] !== undefined && parseGoDuration(until[0]) === undefined)
    throw new InvalidArgument(
      `"until" filter expects a duration (e.g., '24h'), not ${JSON.stringify(until[0])}`,
    );
  tellPruned('builder', deps);
  return { SpaceReclaimed: 0 };
}

const tellPruned = (Type: 'network' | 'builder', { events }: Deps): void =>
  events.emit({ Type, Action: 'prune', id: '', attributes: { reclaimed: '0' } });
