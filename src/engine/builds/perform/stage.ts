/** Performs one stage: its base, the triggers that the base left, its instructions one after the other. */
import { textOf } from '../../../formats/byte-text.ts';
import { shortId } from '../../../formats/digest.ts';
import type { Instruction } from '../../../formats/dockerfile/instruction.ts';
import { parseTriggers } from '../../../formats/dockerfile/parse.ts';
import { hostPlatform, parsePlatform } from '../../../formats/platform.ts';
import type { ContainerConfig } from '../../../model/config.ts';
import { stepFailure } from '../../../model/failures/step.ts';
import { line } from '../../../model/progress.ts';
import { emptyImage, type StepImage } from '../../images/steps.ts';
import type { Say } from '../output.ts';
import { argumentsOfStage } from '../plan/arguments.ts';
import { beginStage } from '../plan/base.ts';
import type { StagePlan } from '../plan/stages.ts';
import { labelStep, planStep, type StageState } from '../plan/step.ts';
import { baseImage } from './base-image.ts';
import { located } from './located.ts';
import type { Building, StageResult } from './shared.ts';
import { performStep } from './step.ts';

/** An image may bring so many; each is carried out. */
const TRIGGERS_MAX = 1000;

/** How the steps of a stage are counted in what is told. */
export interface Numbering {
  /** Of the FROM. */
  readonly first: number;
  readonly total: number;
  /** That come last, sorted by name. */
  readonly labels: readonly (readonly [string, string])[];
}

/** @throws what a step throws, with its place in the Dockerfile */
export async function performStage(
  building: Building,
  plan: StagePlan,
  { first, total, labels }: Numbering,
  say: Say,
): Promise<StageResult> {
  const { stage, index } = plan;
  await say(line(`Step ${first}/${total} : ${textOf(stage.from.source)}`));
  const base = await baseOf(building, plan, say);
  const { config, triggers } = beginStage(base.config);
  let state: StageState = {
    config,
    author: '',
    commandSaid: false,
    args: argumentsOfStage(building.args),
    escape: building.escape,
    budget: building.budget,
  };
  let image = base.image;
  const perform = async (instruction: Instruction): Promise<void> => {
    building.signal.throwIfAborted();
    const step = planStep(state, instruction);
    for (const name of step.after.args.declared.keys()) building.declared.add(name);
    image = await performStep(building, { from: image, step, index }, say);
    state = step.after;
  };
  if (triggers.length > 0) {
    await say(line(`# Executing ${triggers.length} build trigger${triggers.length > 1 ? 's' : ''}`));
    for (const trigger of readTriggers(triggers)) await perform(trigger);
  }
  await say(line(` ---> ${shortId(image.id)}`));
  for (const [i, instruction] of stage.instructions.entries()) {
    await say(line(`Step ${first + 1 + i}/${total} : ${textOf(instruction.source)}`));
    await located(building, instruction, say, () => perform(instruction));
    await say(line(` ---> ${shortId(image.id)}`));
  }
  for (const [i, [key, value]] of labels.entries()) {
    await say(line(`Step ${first + 1 + stage.instructions.length + i}/${total} : LABEL ${key}=${value}`));
    const step = labelStep(state, key, value);
    image = await performStep(building, { from: image, step, index }, say);
    state = step.after;
    await say(line(` ---> ${shortId(image.id)}`));
  }
  // The target's is told by the build: when it is on record.
  if (image.id !== '' && index !== building.plan.target) await say({ aux: { ID: image.id } });
  return { image, base: base.base, config: state.config };
}

async function baseOf(building: Building, plan: StagePlan, say: Say): Promise<StageResult> {
  const { base, platform } = plan;
  switch (base.is) {
    case 'stage':
      return await building.stage(base.index, say);
    case 'scratch': {
      const asked = platform ?? building.options.platform;
      const image = emptyImage(asked ? parsePlatform(asked) : hostPlatform());
      return { image, base: image, config: {} };
    }
    case 'image': {
      const image = await baseImage(building, base.name, platform, say);
      return { image, base: image, config: configOf(image) };
    }
    default:
      return base satisfies never;
  }
}

const configOf = ({ document }: StepImage): ContainerConfig => document.config ?? {};

function readTriggers(triggers: readonly string[]): readonly Instruction[] {
  if (triggers.length > TRIGGERS_MAX) throw stepFailure.triggersTooMany({ most: TRIGGERS_MAX });
  return parseTriggers(triggers);
}
