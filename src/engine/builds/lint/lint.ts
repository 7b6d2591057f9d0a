/** Holds a Dockerfile to the rules. Pure: what it stands on and copies from is told by who asks. */
import { textOf } from '../../../formats/byte-text.ts';
import type { Dockerfile, Position, Stage } from '../../../formats/dockerfile/instruction.ts';
import { platformText } from '../../../formats/platform.ts';
import type { ByteText } from '../../../formats/tar/entry.ts';
import { checkFile } from './of-file.ts';
import { checkBase, checkDefaults, checkFromWords } from './of-from.ts';
import { checkStep, type Memory, memoryOf } from './of-stage.ts';
import { checkIgnored, checkVariables, ignoresOf } from './of-words.ts';
import { openReport, type Report } from './report.ts';
import type { Warning } from './rules.ts';
import { expanded, type Reading } from './scope.ts';
import type { CheckSettings } from './settings.ts';
import { type Asked, type KnownBase, places, readingOf, type StageEnd, startOf } from './walk.ts';

/** What a Dockerfile is held to, and what is known beside it. */
export interface LintOptions extends Asked {
  readonly settings: CheckSettings;
  /** Indices of those that are looked into; undefined: all. */
  readonly stages: ReadonlySet<number> | undefined;
  /** What the base of a stage is, if it is an image that was found. */
  readonly baseOf: (index: number, name: string) => KnownBase | undefined;
  /** Patterns of what the context leaves out. */
  readonly ignored: readonly ByteText[];
}

/** What was found. */
export interface Linted {
  readonly warnings: readonly Warning[];
  /** Why no more was: words that cannot be expanded, which a build would fail by. */
  readonly failure: { readonly error: unknown; readonly position: Position } | undefined;
}

/** Everything that is wrong with it, in the order in which BuildKit finds it. */
export function lintDockerfile(dockerfile: Dockerfile, options: LintOptions): Linted {
  const report = openReport(options.settings);
  checkFile(dockerfile, report);
  let at: Position = { line: 1, endLine: 1 };
  try {
    const reading = readingOf(dockerfile, options);
    checkDefaults(dockerfile, options, reading, report);
    const known = [
      ...dockerfile.metaArgs.flatMap(({ args }) => args.map(({ key }) => key)),
      ...reading.global.keys(),
    ];
    for (const stage of dockerfile.stages) {
      at = stage.from.position;
      checkFromWords(stage, known, reading, report);
    }
    checkStages(dockerfile.stages, options, reading, report, (position) => {
      at = position;
    });
    return { warnings: report.warnings, failure: undefined };
  } catch (error) {
    return { warnings: report.warnings, failure: { error, position: at } };
  }
}

interface Ended extends StageEnd {
  readonly memory: Memory;
}

function checkStages(
  stages: readonly Stage[],
  options: LintOptions,
  reading: Reading,
  report: Report,
  enter: (position: Position) => void,
): void {
  const ignores = ignoresOf(options.ignored);
  const ended = new Map<string, Ended>();
  for (const stage of stages) {
    if (options.stages && !options.stages.has(stage.index)) continue;
    enter(stage.from.position);
    const base = options.baseOf(stage.index, textOf(expanded(stage.base, reading.global, reading).text));
    const start = startOf(stage, ended, base, reading);
    if (base && start.on === undefined) checkBase(stage, base, wanted(stage, options, reading), report);
    const memory = memoryOf([...ended.values()].find(({ index }) => index === start.on)?.memory);
    const going = places(start, reading);
    let step = going.next();
    for (; !step.done; step = going.next()) {
      const { instruction, scope } = step.value;
      enter(instruction.position);
      checkVariables(instruction, scope, reading, report);
      checkStep(instruction, scope, memory, reading, report);
      if (ignores) checkIgnored(instruction, scope, ignores, reading, report);
    }
    if (stage.name !== undefined) ended.set(stage.name, { index: stage.index, scope: step.value, memory });
  }
}

const wanted = ({ platform }: Stage, { platforms }: LintOptions, reading: Reading): string =>
  platform === undefined
    ? platformText(platforms.target)
    : textOf(expanded(platform, reading.global, reading).text);
