/** A Dockerfile's stages as a graph: what each stands on and copies from, and which of them the target needs. Pure. */
import type { Dockerfile, Instruction, Stage } from '../../../formats/dockerfile/instruction.ts';
import { stepFailure } from '../../../model/failures/step.ts';

/** What a stage begins with. */
export type Base =
  | { readonly is: 'stage'; readonly index: number }
  | { readonly is: 'scratch' }
  | { readonly is: 'image'; readonly name: string };

/** A stage, and what must be there for it. */
export interface StagePlan {
  readonly stage: Stage;
  readonly index: number;
  readonly base: Base;
  /** As FROM says; undefined: the build's. */
  readonly platform: string | undefined;
  /** Stages that it stands on or takes files from. */
  readonly needs: readonly number[];
}

/** What is to be done, in the order of the Dockerfile. */
export interface BuildPlan {
  /** All stages up to the target. */
  readonly stages: readonly StagePlan[];
  /** Indices of those that the target needs, itself among them. */
  readonly needed: ReadonlySet<number>;
  readonly target: number;
}

/** How many steps are done: each FROM is one. */
export const stepsOf = ({ stages, needed }: BuildPlan): number =>
  stages
    .filter(({ index }) => needed.has(index))
    .reduce((sum, { stage }) => sum + 1 + stage.instructions.length, 0);

/** `expand`: puts global arguments into a word of FROM. @throws InvalidArgument */
export function planStages(
  { stages }: Pick<Dockerfile, 'stages'>,
  target: string | undefined,
  expand: (word: string) => string,
): BuildPlan {
  if (stages.length === 0) throw stepFailure.nothingMade();
  refuseNamesTwice(stages);
  const last = target === undefined ? stages.length - 1 : targetIndex(stages, target);
  const plans = stages.slice(0, last + 1).map((stage, index): StagePlan => {
    const base = baseOf(stage, stages.slice(0, index), expand);
    const platform = stage.platform === undefined ? undefined : expand(stage.platform);
    const copied = stage.instructions.flatMap(sourcesOf).map((from) => stageOf(from, stages, index));
    const needs = [
      ...(base.is === 'stage' ? [base.index] : []),
      ...copied.filter((each) => each !== undefined),
    ];
    return { stage, index, base, platform, needs: [...new Set(needs)] };
  });
  return { stages: plans, needed: reachedBy((index) => plans[index]?.needs ?? [], last), target: last };
}

function refuseNamesTwice(stages: readonly Stage[]): void {
  const seen = new Set<string>();
  for (const { name } of stages) {
    if (name === undefined) continue;
    if (seen.has(name)) throw stepFailure.stageNameTwice({ name });
    seen.add(name);
  }
}

function targetIndex(stages: readonly Stage[], target: string): number {
  const named = stages.findIndex(({ name }) => name === target.toLowerCase());
  const index = named < 0 && /^\d{1,9}$/.test(target) ? Number(target) : named;
  if (index < 0 || index >= stages.length) throw stepFailure.targetMissing({ target });
  return index;
}

function baseOf(stage: Stage, before: readonly Stage[], expand: (word: string) => string): Base {
  const name = expand(stage.base);
  if (name === '') throw stepFailure.baseBlank({ base: stage.base });
  const index = before.findIndex((each) => each.name === name.toLowerCase());
  if (index >= 0) return { is: 'stage', index };
  return name === 'scratch' ? { is: 'scratch' } : { is: 'image', name };
}

/** Words that name where files are taken from. */
function sourcesOf(instruction: Instruction): string[] {
  if (instruction.is === 'copy') return instruction.from === undefined ? [] : [instruction.from];
  if (instruction.is !== 'run') return [];
  return instruction.mounts.flatMap((mount) => /(?:^|,)from=([^,]*)/i.exec(mount)?.[1] || []);
}

/**
 * The stage that a word means to the stage `index`: by name, or by number. Undefined: an image.
 * @throws InvalidArgument for the stage itself, and for numbers of later ones
 */
export function stageOf(from: string, stages: readonly Stage[], index: number): number | undefined {
  const named = stages.findIndex(({ name }, at) => at < index && name === from.toLowerCase());
  if (named >= 0) return named;
  if (!/^\d{1,9}$/.test(from)) return undefined;
  if (Number(from) === index) throw stepFailure.fromInvalid({ from, why: 'refers to current build stage' });
  if (Number(from) > index) throw stepFailure.fromInvalid({ from, why: 'index out of bounds' });
  return Number(from);
}

/** All that an index leads to by way of `needs`, itself among them. */
export function reachedBy(needs: (index: number) => readonly number[], from: number): Set<number> {
  const reached = new Set<number>();
  const open = [from];
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (reached.has(index)) continue;
    reached.add(index);
    open.push(...needs(index));
  }
  return reached;
}
