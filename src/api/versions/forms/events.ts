/** Events in the forms of older versions. */
import { type Doc, isDoc } from '../doc-path.ts';
import type { MessageLens } from '../step.ts';
import { withTag } from './containers.ts';
import { shortId } from './images.ts';

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

/** Below 1.22 only containers and images had events. */
export const ofContainersAndImages = (event: Doc): Doc | undefined =>
  event.Type === 'container' || event.Type === 'image' ? event : undefined;

/** The members of the first events. */
export function shortForm({ status, id, from, time, timeNano }: Doc): Doc {
  return { status, id, ...(from !== undefined && { from }), time, timeNano };
}

/** Below 1.19 the image of a container was looked up, and named with its tag. */
export const fromWithTag: MessageLens = {
  note: 'from is named as it was when the container was made',
  shape: 'none',
  down: (event) => (event.from === undefined ? event : { ...event, from: withTag(event.from) }),
};

/** Below 1.7 ids had twelve digits. */
export const withShortId: MessageLens = {
  note: 'id is the full id',
  shape: 'none',
  down: (event) => (/^[0-9a-f]{64}$/.test(String(event.id)) ? { ...event, id: shortId(event.id) } : event),
};
