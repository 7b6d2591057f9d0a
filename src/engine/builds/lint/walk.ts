/** Goes through the stages of a Dockerfile with what is known at each instruction. Pure. */
import { bytesOf } from '../../../formats/byte-text.ts';
import { ExpansionBudget } from '../../../formats/dockerfile/expansion.ts';
import type {
  ArgInstruction,
  Dockerfile,
  Instruction,
  Stage,
} from '../../../formats/dockerfile/instruction.ts';
import { platformText, type WantedPlatform } from '../../../formats/platform.ts';
import type { ByteText } from '../../../formats/tar/entry.ts';
import { expanded, type Reading, type Scope, scopeAfter } from './scope.ts';

/** What a build is asked for, as far as variables depend on it. */
export interface Asked {
  readonly buildArgs: ReadonlyMap<string, string>;
  readonly platforms: { readonly build: WantedPlatform; readonly target: WantedPlatform };
  /** As the client has it; undefined: the last stage. */
  readonly target: string | undefined;
}

/** What is known of the image that a stage stands on. */
export interface KnownBase {
  /** `NAME=value`. */
  readonly env: readonly string[];
  /** `linux/amd64`. */
  readonly platform: string;
}

/** A stage when it begins. */
export interface StageStart {
  readonly stage: Stage;
  readonly scope: Scope;
  /** The stage that it stands on, by its index. */
  readonly on: number | undefined;
}

/** A stage when it ends, for those that stand on it. */
export interface StageEnd {
  readonly index: number;
  readonly scope: Scope;
}

/** An instruction in its stage. */
export interface Place {
  readonly instruction: Instruction;
  readonly scope: Scope;
}

/** Arguments that FROM sees, as they come to be. @throws InvalidArgument with a word that cannot be expanded */
export function readingOf(dockerfile: Dockerfile, asked: Asked): Reading {
  const reading = {
    escape: dockerfile.directives.escape,
    budget: new ExpansionBudget(),
    given: inBytes(asked.buildArgs),
    global: predefined(dockerfile, asked),
  };
  return { ...reading, global: globalArguments(dockerfile.metaArgs, reading) };
}

/** The values of arguments before the first FROM. @throws InvalidArgument */
export function globalArguments(
  instructions: readonly ArgInstruction[],
  reading: Reading,
): ReadonlyMap<ByteText, ByteText> {
  const values = new Map(reading.global);
  for (const { key, value } of instructions.flatMap(({ args }) => args)) {
    const worth =
      reading.given.get(key) ?? (value === undefined ? undefined : expanded(value, values, reading).text);
    if (worth !== undefined) values.set(key, worth);
  }
  return values;
}

/** Arguments that every Dockerfile has; the client may give other values. */
export function predefined(
  { stages }: Pick<Dockerfile, 'stages'>,
  { platforms, buildArgs, target }: Asked,
): ReadonlyMap<ByteText, ByteText> {
  const stage = target || stages.at(-1)?.name || 'default';
  const all = { ...ofPlatform('BUILD', platforms.build), ...ofPlatform('TARGET', platforms.target) };
  return inBytes(
    Object.entries({ ...all, TARGETSTAGE: stage }).map(([name, value]) => [
      name,
      buildArgs.get(name) ?? value,
    ]),
  );
}

const ofPlatform = (prefix: string, platform: WantedPlatform): Record<string, string> => ({
  [`${prefix}PLATFORM`]: platformText(platform),
  [`${prefix}OS`]: platform.os,
  [`${prefix}OSVERSION`]: '',
  [`${prefix}ARCH`]: platform.architecture,
  [`${prefix}VARIANT`]: platform.variant,
});

/** A stage's beginning, given the ends of those before it. @throws InvalidArgument with the word of its base */
export function startOf(
  stage: Stage,
  before: ReadonlyMap<string, StageEnd>,
  base: KnownBase | undefined,
  reading: Reading,
): StageStart {
  const name = expanded(stage.base, reading.global, reading).text;
  const on = before.get(name.toLowerCase());
  if (on) return { stage, on: on.index, scope: on.scope };
  const env = base?.env.map(
    (item) => [item.slice(0, item.indexOf('=')), item.slice(item.indexOf('=') + 1)] as const,
  );
  const values = new Map([['PATH', ''], ...inBytes(env ?? [])]);
  return { stage, on: undefined, scope: { values, declared: new Set(), isOpen: !env && name !== 'scratch' } };
}

/** Instructions of a stage, each with the variables that it sees. @throws InvalidArgument with a word */
export function* places({ stage, scope }: StageStart, reading: Reading): Generator<Place, Scope> {
  let now = scope;
  for (const instruction of stage.instructions) {
    yield { instruction, scope: now };
    now = scopeAfter(now, instruction, reading);
  }
  return now;
}

const inBytes = (pairs: Iterable<readonly [string, string]>): ReadonlyMap<ByteText, ByteText> =>
  new Map([...pairs].map(([name, value]) => [bytesOf(name), bytesOf(value)]));
