/**
 * What an engine can do, as the API's handlers and the daemon see it. The engine knows one API version: the newest. Each
 * noun's promise stands in its own folder.
 */
import type { Builds } from './builds/promise.ts';
import type { Containers } from './containers/promise.ts';
import type { Events } from './events/promise.ts';
import type { Execs } from './execs/promise.ts';
import type { Images } from './images/promise.ts';
import type { Networks } from './networks/promise.ts';
import type { System } from './system/promise.ts';
import type { Volumes } from './volumes/promise.ts';

/** All verbs, by noun. */
export interface Engine {
  readonly builds: Builds;
  readonly containers: Containers;
  readonly execs: Execs;
  readonly images: Images;
  readonly networks: Networks;
  readonly volumes: Volumes;
  readonly events: Events;
  readonly system: System;
}
