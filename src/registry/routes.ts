/** Which address of a registry is used, when there are several: mirrors, its own with TLS, its own without. */
import { EngineError, Failed } from '../base/errors.ts';
import { Unreachable } from './failure.ts';

/** A way to a registry. */
export interface Route {
  /** Somebody else's copy of it: what it lacks or refuses, the registry may still have. */
  readonly mirror: boolean;
}

/**
 * Tries routes in their order and gives what the first one gave that got through.
 *
 * - After a mirror: any failure that has a kind leads to the next route. What is a bug stops.
 * - After an address of the registry's own: only one that never came as far as HTTP leads on, since nothing was shown to
 *   it then. What the registry itself answered is the answer.
 * - What is thrown in the end is the last route's failure; when the registry's own addresses all led nowhere, the first
 *   one's, which with TLS tells more than without.
 *
 * `passed` hears of each failure that led on. @throws Failed when there are no routes
 */
export async function firstRoute<R extends Route, T>(
  routes: readonly R[],
  attempt: (route: R) => Promise<T>,
  passed: (failure: unknown, route: R) => void = () => undefined,
): Promise<T> {
  let nowhere: unknown;
  for (const [i, route] of routes.entries())
    try {
      return await attempt(route);
    } catch (error) {
      const isNowhere = error instanceof Unreachable && error.beforeHttp;
      if (!route.mirror && isNowhere) nowhere ??= error;
      const leadsOn = route.mirror ? error instanceof EngineError : isNowhere;
      if (!leadsOn || i === routes.length - 1) throw !route.mirror && isNowhere ? nowhere : error;
      passed(error, route);
    }
  throw new Failed('there is no registry to ask');
}
