/** Rules for FROM: the arguments that it is written with, and the platform that it names. Pure. */
import { textOf } from '../../../formats/byte-text.ts';
import type { Dockerfile, Stage } from '../../../formats/dockerfile/instruction.ts';
import { nearWord } from '../../../formats/dockerfile/near-word.ts';
import { parsePlatform } from '../../../formats/platform.ts';
import { parseReference } from '../../../formats/reference.ts';
import type { ByteText } from '../../../formats/tar/entry.ts';
import type { Report } from './report.ts';
import { rules } from './rules.ts';
import { type Expanded, expanded, type Reading } from './scope.ts';
import { type Asked, globalArguments, type KnownBase, predefined } from './walk.ts';

/** Bases that are none unless the client gives arguments. A word that cannot be expanded is left to the build. */
export function checkDefaults(dockerfile: Dockerfile, asked: Asked, reading: Reading, report: Report): void {
  const { stages, metaArgs } = dockerfile;
  const none = { ...reading, given: new Map(), global: predefined(dockerfile, asked) };
  try {
    const values = globalArguments(metaArgs, none);
    for (const { base, from } of stages)
      if (!isImage(expanded(base, values, none).text))
        report.sayOfFile(
          rules.invalidDefaultArgInFrom,
          `Default value for ARG ${textOf(base)} results in empty or invalid base image name`,
          from.position,
        );
  } catch {}
}

function isImage(name: ByteText): boolean {
  try {
    parseReference(textOf(name));
    return true;
  } catch {
    return false;
  }
}

/** @throws InvalidArgument with a word that cannot be expanded */
export function checkFromWords(
  stage: Stage,
  known: readonly ByteText[],
  reading: Reading,
  report: Report,
): void {
  checkDeclared(expanded(stage.base, reading.global, reading), stage, known, report);
  if (stage.platform === undefined) return;
  const platform = expanded(stage.platform, reading.global, reading);
  checkDeclared(platform, stage, known, report);
  checkPlatform(platform, stage, report);
}

function checkDeclared(
  { missing }: Expanded,
  { from }: Stage,
  known: readonly ByteText[],
  { say }: Report,
): void {
  for (const name of missing) {
    if (known.includes(name)) continue;
    const near = nearWord(textOf(name), known.map(textOf));
    const hint = near === undefined ? '' : ` (did you mean ${near}?)`;
    say(rules.undefinedArgInFrom, `FROM argument '${textOf(name)}' is not declared${hint}`, from);
  }
}

function checkPlatform({ text, found, missing }: Expanded, stage: Stage, { say }: Report): void {
  const { from, platform = '', name = '' } = stage;
  if (missing.size > 0) return;
  // Only one argument, and nothing beside it.
  if (found.size === 1 && found.has('TARGETPLATFORM') && /^\$\{?TARGETPLATFORM\}?$/.test(platform))
    say(
      rules.redundantTargetPlatform,
      `Setting platform to predefined ${textOf(platform)} in FROM is redundant as this is the default behavior`,
      from,
    );
  if (found.size === 0 && !isInName(textOf(text), name))
    say(
      rules.fromPlatformFlagConstDisallowed,
      `FROM --platform flag should not use constant value "${textOf(text)}"`,
      from,
    );
}

/** A stage that is called after its platform is meant for it. What is no platform is left to the build. */
function isInName(platform: string, name: string): boolean {
  try {
    const { os, architecture } = parsePlatform(platform);
    return name.includes(os) || name.includes(architecture);
  } catch {
    return true;
  }
}

/** The image that was found is for another platform. */
export function checkBase(stage: Stage, base: KnownBase, expected: string, { sayOfFile }: Report): void {
  const [os, architecture] = base.platform.split('/');
  const [wantedOs, wantedArchitecture] = expected.split('/');
  if (expected === '' || (os === wantedOs && architecture === wantedArchitecture)) return;
  sayOfFile(
    rules.invalidBaseImagePlatform,
    `Base image ${textOf(stage.base)} was pulled with platform "${base.platform}", expected "${expected}" for current build`,
    stage.from.position,
  );
}
