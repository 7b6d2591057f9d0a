/** Events in the forms of older versions. */
import { type Doc, isDoc } from '../place.ts';

/** `status`, `id` and `from`, which newer versions say as Action, Actor.ID and the actor's `image`. */
export function withLegacyFields(event: Doc): Doc {
  const actor = isDoc(event.Actor) ? event.Actor : {};
  const attributes = isDoc(actor.Attributes) ? actor.Attributes : {};
  if (event.Type !== 'container' && event.Type !== 'image') return event;
  return {
    status: event.Action,
    id: actor.ID,
    ...(event.Type === 'container' && attributes.image !== undefined && { from: attributes.image }),
    ...event,
  };
}

/** Below 1.22 only containers and images had events, with these members alone. */
export function shortForm(event: Doc): Doc | undefined {
  if (event.Type !== 'container' && event.Type !== 'image') return undefined;
  const { status, id, from, time, timeNano } = event;
  return { status, id, ...(from !== undefined && { from }), time, timeNano };
}
