/** Performs one step on the image before it: by its kind. */
import { bytesOf } from '../../../formats/byte-text.ts';
import { literalPattern } from '../../../formats/path-match.ts';
import { stepFailure } from '../../../model/failures/step.ts';
import { line } from '../../../model/progress.ts';
import type { StepImage } from '../../images/steps.ts';
import type { Say } from '../output.ts';
import type { ConfigStep, DirectoryStep, RunStep, Step } from '../plan/step.ts';
import type { RunRequest } from './container.ts';
import { copyStep } from './copy.ts';
import { mountsOf } from './mounts.ts';
import { once, type WantedStep } from './once.ts';
import { runStep } from './run.ts';
import type { Building } from './shared.ts';
import { tidyUp } from './tidy.ts';

/** A step where it stands. */
export interface PlacedStep {
  readonly from: StepImage;
  readonly step: Step;
  /** Of its stage. */
  readonly index: number;
}

/** The image after it. */
export async function performStep(
  building: Building,
  { from, step, index }: PlacedStep,
  say: Say,
): Promise<StepImage> {
  switch (step.is) {
    case 'config':
      return await configStep(building, from, step, say);
    case 'directory':
      return await directoryStep(building, from, step, say);
    case 'run':
      return await commandStep(building, from, step, index, say);
    case 'copy':
      return await copyStep(building, from, step, index, say);
    default:
      return step satisfies never;
  }
}

async function configStep(
  building: Building,
  from: StepImage,
  step: ConfigStep,
  say: Say,
): Promise<StepImage> {
  if (step.note !== undefined) await say(line(step.note));
  return await once(building, wantedOf(step, from), say, async () => ({ diffId: undefined, container: '' }));
}

/** As the first engine tells it: a container that only stands for a step has of its image what the step leaves out. */
function wantedOf({ after, containerConfig }: ConfigStep | DirectoryStep, from: StepImage): WantedStep {
  if (from.id === '') return { from, after, containerConfig };
  const { Labels = {}, Entrypoint = from.document.config?.Entrypoint } = containerConfig;
  return {
    from,
    after,
    containerConfig: { ...containerConfig, Labels, ...(Entrypoint ? { Entrypoint } : {}) },
  };
}

/** A working directory that is missing is made, as root's. */
async function directoryStep(
  building: Building,
  from: StepImage,
  step: DirectoryStep,
  say: Say,
): Promise<StepImage> {
  const { files, layers } = building.deps.storage;
  return await once(building, wantedOf(step, from), say, async (_tell, signal) => {
    const path = bytesOf(step.path);
    await using there = files.openLayers(from.chainId);
    const [found = []] = await there.select({ sources: [literalPattern(path)] }, signal);
    if (found[0]?.is === 'directory') return { diffId: undefined, container: '' };
    if (found[0]) throw stepFailure.directoryTaken({ path: step.path });
    await using nothing = files.openLayers(undefined);
    const layer = await layers.addFiles({
      parent: from.chainId,
      steps: [
        {
          from: { is: 'selected', source: nothing, path: '' },
          destination: `${path}/`,
          owner: { uid: 0, gid: 0 },
          mode: 0o755,
        },
      ],
      timesAtMost: building.timesAtMost,
      unsettled: true,
      lease: building.lease,
      signal,
    });
    return { diffId: layer?.diffId, container: '' };
  });
}

async function commandStep(
  building: Building,
  from: StepImage,
  step: RunStep,
  index: number,
  say: Say,
): Promise<StepImage> {
  const { options, timesAtMost, lease } = building;
  const { network, security } = step.instruction;
  if (security === 'insecure') throw stepFailure.securityRefused();
  if (from.id === '') throw stepFailure.nothingToRun({ program: step.running.Cmd?.[0] ?? '' });
  const mounts = await mountsOf(building, step, index, say);
  const more = [...mounts.more, ...(network === 'default' ? [] : [`network ${network}`])];
  return await once(building, { from, ...step, more }, say, async (tell, signal) => {
    await using scope = new AsyncDisposableStack();
    const Mounts = await mounts.provide(scope, signal);
    const request = {
      image: from,
      config: step.running,
      hostConfig: {
        ...options.hostConfig,
        ...(network === 'default' ? {} : { NetworkMode: network }),
        LogConfig: { Type: 'none', Config: {} },
        ...(Mounts.length > 0 ? { Mounts } : {}),
      },
      lease,
      timesAtMost,
      remove: removal(options),
      tidy: (work) => tidyUp(building, work),
    } satisfies RunRequest;
    const { deps } = building;
    return await deps.running.run(() => runStep(deps, request, tell, signal), signal);
  });
}

const removal = ({ forceRemove, remove }: Building['options']): RunRequest['remove'] => {
  if (forceRemove) return 'always';
  return remove ? 'whenDone' : 'never';
};
