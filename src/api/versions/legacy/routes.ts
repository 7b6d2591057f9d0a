/** Routes that later versions no longer have, and what they are today. */
import type { KnownRoute } from '../../contract/index.ts';

/** A route of old, and its successor. */
export interface LegacyRoute {
  readonly route: string;
  readonly is: KnownRoute;
  /** The last minor version that had it. */
  readonly lastMinor: number;
}

export const legacyRoutes: readonly LegacyRoute[] = [
  // The only spelling that the first daemon routed; an undocumented twin later.
  { route: 'GET /containers/ps', is: 'GET /containers/json', lastMinor: 20 },
];
