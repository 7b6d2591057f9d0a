/** Events, as the newest API sends them. Older forms are made of these by the versions' lenses. */
import { bigInteger, type Infer, integer, map, object, optional, string } from '../base/schema.ts';

/** One event. */
export const EventMessage = object('Message', {
  Type: string(),
  Action: string(),
  Actor: object('Actor', { ID: string(), Attributes: map(string()) }),
  scope: optional(string()),
  /** Seconds since 1970. */
  time: integer(),
  /** Nanoseconds since 1970, exact. */
  timeNano: bigInteger(),
});
export type EventMessage = Infer<typeof EventMessage>;
