/** Builds in BuildKit's manner: solved, asked about, warned of, exported. */
import { bytesOf } from '../../formats/byte-text.ts';
import { hostPlatform, parsePlatform, platformText } from '../../formats/platform.ts';
import { platformOf } from '../images/resolve.ts';
import type { ImageSteps, StepImage } from '../images/steps.ts';
import { lintDockerfile } from './lint/lint.ts';
import { settingsOf, violation } from './lint/settings.ts';
import type { Asked, KnownBase } from './lint/walk.ts';
import { warningEvent } from './lint/warn.ts';
import { type OutputDeps, outputVerbs } from './outputs/verbs.ts';
import { answerQuestion } from './questions/questions.ts';
import type { SolveOptions, Solves } from './solve/promise.ts';
import { type Inquiry, SolveRoom, type SolvesDeps } from './solve/room.ts';

/** What they need. */
export type AllSolvesDeps = SolvesDeps & OutputDeps;

/** `atRest`: told when none goes on any more. */
export function createSolves(deps: AllSolvesDeps, atRest: () => void): Solves & { stop(): Promise<void> } {
  const room = new SolveRoom(deps, inquiryOf(deps), atRest);
  return {
    ...outputVerbs(deps, (token) => room.result(token)),
    solve: (options) => room.solve(options),
    stop: () => room.stop(),
  };
}

const askedBy = ({ buildArgs, platforms, target }: SolveOptions): Asked => {
  const [first] = platforms;
  return {
    buildArgs,
    platforms: { build: hostPlatform(), target: first ? parsePlatform(first) : hostPlatform() },
    target,
  };
};

/** What is asked about a Dockerfile, and what is wrong with it. */
const inquiryOf = ({ images }: Pick<AllSolvesDeps, 'images'>): Inquiry => ({
  answer: (question, file, options, ignored) =>
    answerQuestion(question, file, {
      ...askedBy(options),
      baseOf: (_index, name) => knownHere(name, options, images),
      ignored: ignored.map(bytesOf),
    }),
  warn({ options, teller }, { parsed, file }, { vertex, needed, baseOf, ignored }) {
    const settings = settingsOf(parsed, options.buildArgs);
    const { warnings } = lintDockerfile(parsed, {
      ...askedBy(options),
      settings,
      stages: needed,
      baseOf: (index) => knownBase(baseOf(index)),
      ignored: ignored.map(bytesOf),
    });
    for (const each of warnings) teller.tell(warningEvent(each, vertex, file));
    const failure = violation(warnings, settings);
    if (failure) throw failure;
  },
});

/** Nothing is brought here to answer a question. */
function knownHere(
  name: string,
  { platforms }: SolveOptions,
  images: Pick<ImageSteps, 'base'>,
): KnownBase | undefined {
  const [first] = platforms;
  try {
    return knownBase(images.base(name, first === undefined ? undefined : parsePlatform(first)));
  } catch {
    return undefined; // it is not here, or no image's name
  }
}

function knownBase(base: StepImage | undefined): KnownBase | undefined {
  const platform = base && platformText(platformOf(base.document));
  return base && platform ? { env: base.document.config?.Env ?? [], platform } : undefined;
}
