/** All handlers, one an operation of the contract. */
import { builds } from './builds.ts';
import { containers } from './containers.ts';
import { execs } from './execs.ts';
import type { Handlers } from './handlers.ts';
import { images } from './images.ts';
import { networks } from './networks.ts';
import { plugins } from './plugins.ts';
import { registries } from './registries.ts';
import { swarm } from './swarm.ts';
import { system } from './system.ts';
import { volumes } from './volumes.ts';

export type { Attachment, Engine, LogOutput, OutputChunk } from '../../engine/index.ts';
export type { ArchiveReply, Call, TextReply } from './handlers.ts';

export const handlers: Handlers = {
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
};
