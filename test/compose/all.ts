/** Every play there is. */
import type { Play } from './play.ts';
import { changes, conditions, jobs, profiles, scale } from './plays/living.ts';
import { namespaces, networks, ports } from './plays/networking.ts';
import { gpu, limits, parts } from './plays/settings.ts';
import { shop } from './plays/shop.ts';
import { build, secrets, volumes, watch } from './plays/storing.ts';

export const PLAYS: readonly Play[] = [
  jobs,
  shop,
  networks,
  ports,
  namespaces,
  volumes,
  secrets,
  build,
  watch,
  conditions,
  profiles,
  scale,
  changes,
  parts,
  limits,
  gpu,
];
