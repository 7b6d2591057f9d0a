/** A step of a build: found in the cache, or done and kept there. */
import { formatNanos } from '../../../base/time.ts';
import type { ContainerConfig } from '../../../model/config.ts';
import { line } from '../../../model/progress.ts';
import type { StepImage } from '../../images/steps.ts';
import { restored } from '../cache/from-images.ts';
import { lentKey, stepKey } from '../cache/key.ts';
import type { Say } from '../output.ts';
import type { StageState } from '../plan/step.ts';
import type { Ran } from './container.ts';
import { held } from './hold.ts';
import type { Building } from './shared.ts';

/** A step, before anybody knows whether it must be done. */
export interface WantedStep {
  readonly from: StepImage;
  readonly after: StageState;
  /** Of the container that it is done in, as history and cache tell it. */
  readonly containerConfig: ContainerConfig;
  /** What decides, besides, what it makes. */
  readonly more?: readonly string[];
}

/** The image after the step. `work` is called when no cache knows the step; its layer is held by the build's lease. */
export async function once(
  building: Building,
  wanted: WantedStep,
  say: Say,
  work: (say: Say, signal: AbortSignal) => Promise<Ran>,
): Promise<StepImage> {
  const { deps, options, signal } = building;
  const { from, after } = wanted;
  const containerConfig = { ...wanted.containerConfig, Image: from.id };
  const description = (containerConfig.Cmd ?? []).join(' ');
  const key = stepKey({
    from: from.id,
    containerConfig: wanted.containerConfig,
    config: after.config,
    author: after.author,
    more: [
      ...(wanted.more ?? []),
      ...(building.timesAtMost === undefined ? [] : [`epoch ${building.timesAtMost}`]),
    ],
  });
  const known = options.noCache ? undefined : await found(building, key, wanted, description);
  if (known) {
    held(building, known);
    await say(line(' ---> Using cache'));
    return known;
  }
  const began = (over: Promise<void>): void => building.scope.defer(() => over);
  const perform = { key, from: from.id, description, again: options.noCache, say, signal, began };
  const image = await deps.cache.perform(perform, async (tell, ending) => {
    const done = await work(tell, ending);
    return deps.images.child(from, {
      ...madeBy(building, after, containerConfig, done),
      config: after.config,
    });
  });
  return held(building, image);
}

function madeBy(
  { deps, timesAtMost }: Building,
  { author }: StageState,
  containerConfig: ContainerConfig,
  { diffId, container }: Ran,
) {
  const created = formatNanos(timesAtMost ?? deps.now());
  // A container's id is another each time: an image that is to be the same each time cannot tell it.
  const id = timesAtMost === undefined ? container : '';
  return { diffId, container: { id, config: containerConfig }, author, comment: '', created };
}

/** Where the client names images, only what they are made of counts as done. */
async function found(
  { deps, cacheSources }: Building,
  key: string,
  { from, after }: WantedStep,
  createdBy: string,
): Promise<StepImage | undefined> {
  if (cacheSources === undefined) return deps.cache.find(key);
  const known = deps.cache.find(key);
  if (known && cacheSources.some(({ id }) => id === known.id || deps.images.ancestors(id).includes(known.id)))
    return known;
  const made = restored(cacheSources, { from, createdBy, config: after.config, author: after.author });
  if (made === undefined) return undefined;
  const image = deps.images.child(from, made);
  deps.cache.add(lentKey(key, image.id), image, { from: from.id, description: createdBy });
  return image;
}
