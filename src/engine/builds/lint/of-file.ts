/** Rules for a Dockerfile as it is written: nothing is put into its words. Pure. */
import { textOf } from '../../../formats/byte-text.ts';
import { splitBlanks, splitFirst } from '../../../formats/dockerfile/blanks.ts';
import type {
  ArgInstruction,
  Dockerfile,
  Instruction,
  Stage,
} from '../../../formats/dockerfile/instruction.ts';
import { cut } from '../../../formats/dockerfile/raw-words.ts';
import type { ByteText } from '../../../formats/tar/entry.ts';
import type { Report, Where } from './report.ts';
import { rules } from './rules.ts';

/** All of them, in the order in which BuildKit tells them. */
export function checkFile({ gaps, metaArgs, stages, directives }: Dockerfile, report: Report): void {
  for (const line of gaps)
    report.sayOfFile(rules.noEmptyContinuation, 'Empty continuation line', { line, endLine: line });
  for (const instruction of metaArgs) checkDescription(instruction, 'ARG', keysOf(instruction), report);
  for (const stage of stages) {
    checkFrom(stage, directives.escape, report);
    for (const instruction of stage.instructions) checkInstruction(instruction, report);
  }
  checkNames(stages, report);
  checkCasing(stages, report);
}

function checkFrom({ from, name }: Stage, escapeChar: '\\' | '`', { say }: Report): void {
  const { first, rest } = cut(from.source, escapeChar);
  const [, as, given] = splitBlanks(rest);
  if (as === undefined || given === undefined) return;
  const [keyword, asKeyword] = [textOf(first), textOf(as)];
  if (given !== name) say(rules.stageNameCasing, `Stage name '${textOf(given)}' should be lowercase`, from);
  const differs = isLower(keyword) ? !isLower(asKeyword) : isUpper(keyword) && !isUpper(asKeyword);
  if (differs) say(rules.fromAsCasing, `'${asKeyword}' and '${keyword}' keywords' casing do not match`, from);
  checkDescription(from, 'FROM', [name ?? ''], { say });
}

function checkInstruction(instruction: Instruction, report: Report): void {
  if (instruction.is === 'maintainer')
    report.say(
      rules.maintainerDeprecated,
      'Maintainer instruction is deprecated in favor of using label',
      instruction,
    );
  if (instruction.is === 'arg') checkDescription(instruction, 'ARG', keysOf(instruction), report);
}

const keysOf = ({ args }: ArgInstruction): string[] => args.map(({ key }) => textOf(key));

function checkDescription(
  where: Where,
  command: 'ARG' | 'FROM',
  names: readonly string[],
  { say }: Pick<Report, 'say'>,
): void {
  const last = where.comments.at(-1);
  if (last === undefined || names.includes(textOf(last.split(' ', 1)[0] ?? ''))) return;
  const example = names.length > 1 ? '<arg_key>' : (names[0] ?? '');
  say(
    rules.invalidDefinitionDescription,
    `Comment for ${command} should follow the format: \`# ${example} <description>\``,
    where,
  );
}

const RESERVED: readonly string[] = ['context', 'scratch'];

function checkNames(stages: readonly Stage[], { sayOfFile }: Report): void {
  const seen = new Set<string>();
  for (const { name, from } of stages) {
    if (name === undefined) continue;
    if (RESERVED.includes(name))
      sayOfFile(
        rules.reservedStageName,
        `Stage name should not use the same name as reserved stage "${name}"`,
        from.position,
      );
    if (seen.has(name))
      sayOfFile(
        rules.duplicateStageName,
        `Duplicate stage name "${name}", stage names should be unique`,
        from.position,
      );
    seen.add(name);
  }
}

/** What most instructions do is right; without a majority it is capitals. */
function checkCasing(stages: readonly Stage[], { sayOfFile }: Report): void {
  const written = stages
    .flatMap(({ from, instructions }) => [from, ...instructions])
    .map(({ source, position }) => ({ keyword: keywordOf(source), position }));
  const upper = written.filter(({ keyword }) => isUpper(keyword)).length;
  const lower = written.filter(({ keyword }) => isLower(keyword)).length;
  const [isRight, name] = lower > upper ? [isLower, 'lowercase'] : [isUpper, 'uppercase'];
  for (const { keyword, position } of written)
    if (!isRight(keyword))
      sayOfFile(
        rules.consistentInstructionCasing,
        `Command '${keyword}' should match the case of the command majority (${name})`,
        position,
      );
}

const keywordOf = (source: ByteText): string => textOf(splitFirst(source)[0]);
const isLower = (word: string): boolean => word === word.toLowerCase();
const isUpper = (word: string): boolean => word === word.toUpperCase();
