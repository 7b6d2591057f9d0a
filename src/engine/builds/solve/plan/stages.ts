/** A Dockerfile's stages as BuildKit's frontend understands them: what each stands on, and what the target needs. Pure. */

import { textOf } from '../../../../formats/byte-text.ts';
import type { Dockerfile, Instruction, Position, Stage } from '../../../../formats/dockerfile/instruction.ts';
import type { ByteText } from '../../../../formats/tar/entry.ts';
import { stepFailure } from '../../../../model/failures/step.ts';
import { vertexFailure } from '../../../../model/failures/vertex.ts';
import { reachedBy } from '../../plan/stages.ts';

/** What a stage begins with, or what files are taken from. */
export type Origin =
  | { readonly is: 'stage'; readonly index: number }
  | { readonly is: 'scratch' }
  | { readonly is: 'image'; readonly name: string };

/** A stage, and what must be there for it. */
export interface StageOutline {
  readonly stage: Stage;
  readonly index: number;
  readonly base: Origin;
  /** As FROM says; undefined: the build's. */
  readonly platform: string | undefined;
  /** What its steps are told by; empty: the file has nothing else to be told apart from. */
  readonly label: string;
}

/** All stages of a file. */
export interface Outline {
  readonly stages: readonly StageOutline[];
  /** In the order of the file. */
  readonly needed: readonly StageOutline[];
  readonly target: StageOutline;
  /** By a word of `--from`, seen from anywhere in the file. @throws InvalidArgument for a number that no stage has */
  readonly origin: (word: ByteText) => Origin;
}

/**
 * `expand`: puts global arguments into a word of FROM. `placed`: what failed at a FROM, with its place.
 * @throws InvalidArgument
 */
export function outlineOf(
  { stages }: Pick<Dockerfile, 'stages'>,
  target: string | undefined,
  expand: (word: ByteText) => string,
  placed: (error: unknown, position: Position) => unknown,
): Outline {
  if (stages.length === 0) throw vertexFailure.noStages();
  const isAlone = stages.length === 1 && stages.every(({ instructions }) => elsewhere(instructions) === 0);
  const outlines = stages.map((stage, index): StageOutline => {
    const label = isAlone ? '' : (stage.name ?? `stage-${index}`);
    try {
      const name = expand(stage.base);
      if (name === '') throw stepFailure.baseBlank({ base: textOf(stage.base) });
      const platform = stage.platform === undefined ? undefined : expand(stage.platform);
      return { stage, index, base: baseOf(name, stages.slice(0, index)), platform, label };
    } catch (error) {
      throw placed(error, stage.from.position);
    }
  });
  const last = outlines.at(target === undefined ? -1 : targetIndex(stages, target));
  if (last === undefined) throw vertexFailure.noStages();
  const origin = (word: ByteText): Origin => originOf(word, stages);
  const needs = outlines.map(({ base, stage }) => [
    ...(base.is === 'stage' ? [base.index] : []),
    ...stage.instructions.flatMap((each) => sourcesOf(each, origin)).flatMap(indexOf),
  ]);
  refuseCircles(outlines, needs);
  const needed = reachedBy((index) => needs[index] ?? [], last.index);
  return {
    stages: outlines,
    needed: outlines.filter(({ index }) => needed.has(index)),
    target: last,
    origin,
  };
}

const indexOf = (origin: Origin): number[] => (origin.is === 'stage' ? [origin.index] : []);

/** BuildKit counts what is taken from elsewhere as stages of its own, and each mount without a source as one, too. */
const elsewhere = (instructions: readonly Instruction[]): number =>
  instructions.reduce((sum, each) => {
    if (each.is === 'copy') return sum + (each.from === undefined || /^\d+$/.test(each.from) ? 0 : 1);
    return each.is === 'run' ? sum + each.mounts.length : sum;
  }, 0);

function baseOf(name: string, before: readonly Stage[]): Origin {
  const index = before.findLastIndex((each) => each.name === name);
  if (index >= 0) return { is: 'stage', index };
  return name === 'scratch' ? { is: 'scratch' } : { is: 'image', name };
}

/** `--from` of COPY may be a number. A stage that comes later may be meant: then there is a circle. */
function originOf(word: ByteText, stages: readonly Stage[]): Origin {
  const text = textOf(word);
  const named = stages.findLastIndex(({ name }) => name === text.toLowerCase());
  if (named >= 0) return { is: 'stage', index: named };
  if (/^\d{1,9}$/.test(text)) {
    if (Number(text) >= stages.length) throw vertexFailure.stageIndexInvalid({ index: text });
    return { is: 'stage', index: Number(text) };
  }
  return text === 'scratch' ? { is: 'scratch' } : { is: 'image', name: text };
}

/** Words that an instruction takes files from, in their order: of a RUN those of its mounts. */
function sourcesOf(instruction: Instruction, origin: (word: ByteText) => Origin): Origin[] {
  if (instruction.is === 'copy') return instruction.from === undefined ? [] : [origin(instruction.from)];
  if (instruction.is !== 'run') return [];
  return instruction.mounts.flatMap((mount) => {
    const from = /(?:^|,)from=([^,]*)/i.exec(mount)?.[1];
    return from ? [origin(from)] : [];
  });
}

function targetIndex(stages: readonly Stage[], target: string): number {
  const index = stages.findLastIndex(({ name }) => name === target.toLowerCase());
  if (index < 0) throw stepFailure.targetMissing({ target });
  return index;
}

function refuseCircles(stages: readonly StageOutline[], needs: readonly (readonly number[])[]): void {
  const done = new Set<number>();
  const visit = (index: number, path: readonly number[]): void => {
    if (path.includes(index)) throw vertexFailure.circle({ stage: stages[index]?.label || `stage-${index}` });
    if (done.has(index)) return;
    for (const each of needs[index] ?? []) visit(each, [...path, index]);
    done.add(index);
  };
  for (const { index } of stages) visit(index, []);
}
