/** Questions about a Dockerfile, which are answered without building anything. */
import { textOf } from '../../../formats/byte-text.ts';
import type { Dockerfile } from '../../../formats/dockerfile/instruction.ts';
import { parseDockerfile } from '../../../formats/dockerfile/parse.ts';
import { expandWord } from '../../../formats/dockerfile/words.ts';
import type { ByteText } from '../../../formats/tar/entry.ts';
import type { SourceFile } from '../../../model/build-event.ts';
import { type Linted, type LintOptions, lintDockerfile } from '../lint/lint.ts';
import { settingsOf, violation } from '../lint/settings.ts';
import { type Asked, readingOf } from '../lint/walk.ts';
import { type BuildPlan, planStages } from '../plan/stages.ts';
import type { Answers } from './answer.ts';
import { describeAnswer } from './describe.ts';
import { lintAnswer, placeOfFailure } from './lint.ts';
import { outlineAnswer } from './outline.ts';
import { targetsAnswer } from './targets.ts';

/** What a question is answered by. */
export interface QuestionOptions extends Asked, Pick<LintOptions, 'baseOf' | 'ignored'> {}

/** By the names of the promise. */
type Question = 'lint' | 'outline' | 'targets' | 'describe';

/** @throws InvalidArgument for a Dockerfile that cannot be read, unless it is asked what is wrong with it */
export function answerQuestion(question: Question, file: SourceFile, options: QuestionOptions): Answers {
  switch (question) {
    case 'describe':
      return describeAnswer();
    case 'lint':
      return lintAnswer(linted(file, options), file);
    case 'targets':
      return targetsAnswer(read(file), file);
    case 'outline': {
      const dockerfile = read(file);
      return outlineAnswer(dockerfile, planOf(dockerfile, options), options, file);
    }
    default:
      return question satisfies never;
  }
}

const textIn = ({ bytes }: SourceFile): ByteText => bytes.toString('latin1');
const read = (file: SourceFile): Dockerfile => parseDockerfile(textIn(file), file.filename);

function planOf(dockerfile: Dockerfile, options: Asked): BuildPlan {
  const { escape: escapedBy, budget, global } = readingOf(dockerfile, options);
  const env = (name: ByteText): ByteText | undefined => global.get(name);
  return planStages(dockerfile, options.target || undefined, (word) =>
    textOf(expandWord(word, { env, escape: escapedBy, budget })),
  );
}

/** Without a target all stages are looked into. What fails is a part of the answer. */
function linted(file: SourceFile, options: QuestionOptions): Linted {
  let warnings: Linted['warnings'] = [];
  try {
    const dockerfile = read(file);
    const settings = settingsOf(dockerfile, options.buildArgs);
    const stages = options.target ? planOf(dockerfile, options).needed : undefined;
    const found = lintDockerfile(dockerfile, { ...options, settings, stages });
    warnings = found.warnings;
    const error = found.failure ? undefined : violation(warnings, settings);
    return error ? { warnings, failure: { error, position: warnings[0]! } } : found;
  } catch (error) {
    const position = placeOfFailure(error);
    return {
      warnings: [...warnings, ...warningsBefore(file, position.line, options)],
      failure: { error, position },
    };
  }
}

/** What is wrong in the lines before the one that ended the reading. */
function warningsBefore(file: SourceFile, line: number, options: QuestionOptions): Linted['warnings'] {
  const lines = textIn(file)
    .split('\n')
    .slice(0, line - 1);
  try {
    const dockerfile = parseDockerfile(lines.join('\n'), file.filename);
    const settings = settingsOf(dockerfile, options.buildArgs);
    return lintDockerfile(dockerfile, { ...options, settings, stages: new Set() }).warnings;
  } catch {
    return [];
  }
}
