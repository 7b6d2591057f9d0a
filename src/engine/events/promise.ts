/** What the engine promises of events. */
import type { EventMessage } from '../../model/event.ts';
import type { Filters } from '../../model/filters.ts';

/** Which events are wanted. */
export interface SubscribeOptions {
  /** Nanoseconds since 1970: those from then on are replayed from the disk. Undefined: none. */
  readonly since: bigint | undefined;
  /** Nanoseconds since 1970; undefined: it follows. */
  readonly until: bigint | undefined;
  readonly filters: Filters;
  readonly signal: AbortSignal;
}

/** Events in the order in which they happened, by the handful. Who wants the same gets the same arrays. */
export interface Subscription extends AsyncIterable<readonly EventMessage[]> {
  /** Fires when whoever reads was too far behind for too long: nothing more comes, and it is not waited for. */
  readonly cut?: AbortSignal;
}

/** Events of the engine. */
export interface Events {
  /** Ends when `until` has passed or `signal` fires. @throws InvalidArgument for filters that are not known */
  subscribe(options: SubscribeOptions): Subscription;
}
