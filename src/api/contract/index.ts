/** The newest API, whole, as data: operation name → declaration. */
import * as builds from './builds.ts';
import * as containers from './containers.ts';
import * as execs from './execs.ts';
import * as images from './images.ts';
import * as networks from './networks.ts';
import type { Operation } from './operation.ts';
import * as plugins from './plugins.ts';
import * as registries from './registries.ts';
import * as swarm from './swarm.ts';
import * as system from './system.ts';
import * as volumes from './volumes.ts';

/** The newest version of the API that Gantry speaks, and what an unversioned request means. */
export const NEWEST = '1.55';
/** The oldest published version. */
export const OLDEST = '1.0';

export const contract = {
  ...builds,
  ...containers,
  ...execs,
  ...images,
  ...networks,
  ...plugins,
  ...registries,
  ...swarm,
  ...system,
  ...volumes,
} as const;
/** The type of the whole contract. */
export type Contract = typeof contract;
/** The name of an operation, such as `containerCreate`. */
export type OperationName = keyof Contract;
/** The routes of today's contract: what a version's lenses may speak of. */
export type KnownRoute = Contract[OperationName]['route'];

type AnyOperation = Operation<`${'GET'} /`>;

/** An operation's declaration, without its types: what is generic over operations reads it this way. */
export const operationOf = (operation: OperationName): AnyOperation =>
  contract[operation] as unknown as AnyOperation;
