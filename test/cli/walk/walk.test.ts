/** The scenes that need no network but their own loopback; `npm run cli-walk` plays all of them. */
import { playScenes } from '../scenes.ts';
import { scenes as containers } from './containers.ts';
import { scenes as create } from './create.ts';
import { scenes as images } from './images.ts';
import { scenes as run } from './run.ts';
import { scenes as system } from './system.ts';
import { scenes as travel } from './travel.ts';

playScenes([...create, ...run, ...containers, ...images, ...travel, ...system], undefined, {
  release: 13,
  since: 28,
  onDemand: true,
});
