/** What no container uses of the networks that users made. There are none to make yet, but `docker system prune` asks. */
import { nowNanos } from '../../base/time.ts';
import type { Filters } from '../../model/filters.ts';
import type { NetworksPruned } from '../../model/prune.ts';
import type { NewEvent } from '../events/events.ts';
import { checkFilterNames, untilFilter } from '../filters.ts';

/** The networks of this engine are its own, which no prune takes. @throws InvalidArgument */
export function pruneNetworks(
  filters: Filters,
  { events }: { readonly events: { emit(event: NewEvent): void } },
): NetworksPruned {
  checkFilterNames(filters, ['label', 'label!', 'until']);
  untilFilter(filters, nowNanos());
  events.emit({ Type: 'network', Action: 'prune', id: '', attributes: { reclaimed: '0' } });
  return {};
}
