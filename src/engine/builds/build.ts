/** One build from its request to its image: what is asked, read, planned, performed, named. */
import { messageOf } from '../../base/errors.ts';
import { textOf } from '../../formats/byte-text.ts';
import { shortId } from '../../formats/digest.ts';
import { ExpansionBudget } from '../../formats/dockerfile/expansion.ts';
import type { Dockerfile } from '../../formats/dockerfile/instruction.ts';
import { parseDockerfile } from '../../formats/dockerfile/parse.ts';
import { hostPlatform, parsePlatform } from '../../formats/platform.ts';
import {
  familiarName,
  familiarString,
  type ImageReference,
  parseReference,
  withDefaultTag,
} from '../../formats/reference.ts';
import { stepFailure } from '../../model/failures/step.ts';
import { line, type Progress } from '../../model/progress.ts';
import type { Storage } from '../../storage/index.ts';
import type { ImageCommits } from '../images/commit.ts';
import type { ImageSource } from '../images/index.ts';
import type { Images } from '../images/promise.ts';
import type { StepImage } from '../images/steps.ts';
import { Messages, red, type Said } from './output.ts';
import { type Prepared, performAll } from './perform/all.ts';
import type { PerformDeps, StageResult } from './perform/shared.ts';
import {
  argumentsAtTop,
  type BuildArguments,
  declareGlobally,
  globalValues,
  unusedArguments,
} from './plan/arguments.ts';
import { expanderOf } from './plan/expander.ts';
import { planStages, stepsOf } from './plan/stages.ts';
import type { BuildOptions } from './promise.ts';
import { type OpenedSource, type OpenSourceDeps, openSource } from './source.ts';

/** What a build needs. */
export type BuildImageDeps = PerformDeps &
  OpenSourceDeps & {
    readonly storage: Pick<Storage, 'lease'>;
    readonly images: Pick<Images, 'tag'> &
      Pick<ImageSource, 'has'> &
      Pick<ImageCommits, 'checkName' | 'clear'>;
  };

/** Yields what it says. `ending` ends it. @throws InvalidArgument and others before the first message, or after it */
export async function* buildImage(
  options: BuildOptions,
  deps: BuildImageDeps,
  ending: AbortController,
): AsyncGenerator<Said, void> {
  const names = namesOf(options, deps);
  await using scope = new AsyncDisposableStack();
  const { context, dockerfile } = scope.use(yield* opened(options, deps, ending.signal));
  const parsed = parseDockerfile(dockerfile.text, dockerfile.name);
  const prepared = await prepare(
    options,
    parsed,
    { context, lease: scope.use(deps.storage.lease('build')), scope },
    deps,
  );
  let done = false;
  try {
    if (parsed.warnings.length > 0) yield { stream: red(`${parsed.warnings.join('\n')}\n`) };
    yield* metaSteps(parsed, prepared);
    const made = yield* performAll(prepared, ending);
    if (made.image.id === '') throw stepFailure.nothingMade();
    const image = options.squash ? await squashed(prepared, made, ending.signal) : made.image;
    deps.cache.markResult(image.id);
    await deps.cache.settle();
    // Not before: who reads an id asks for its image at once.
    yield { aux: { ID: made.image.id } };
    if (options.squash) yield { aux: { ID: image.id } };
    yield* ended(prepared, image, names, deps);
    done = true;
  } finally {
    if (!done) await leave(deps);
  }
}

/** A context that lies elsewhere is told of while it comes. */
async function* opened(
  options: BuildOptions,
  deps: BuildImageDeps,
  signal: AbortSignal,
): AsyncGenerator<Said, OpenedSource> {
  const messages = new Messages();
  const opening = openSource(options, deps, messages.say, signal).finally(() => messages.end());
  opening.catch(() => undefined); // thrown below
  yield* messages;
  return await opening;
}

/** Steps that were done stay done, as far as there is room; what they left besides goes. */
async function leave({ cache, images, log }: BuildImageDeps): Promise<void> {
  await cache
    .settle()
    .catch((error: unknown) => log.warn('build.steps-not-kept', { reason: messageOf(error) }));
  await images.clear();
}

interface Opened extends Pick<Prepared, 'context' | 'lease' | 'scope'> {}

/** Reads what the request and the Dockerfile's top say. @throws InvalidArgument */
async function prepare(
  options: BuildOptions,
  parsed: Dockerfile,
  opened: Opened,
  deps: BuildImageDeps,
): Promise<Prepared> {
  const target = options.platform ? parsePlatform(options.platform) : hostPlatform();
  const budget = new ExpansionBudget();
  let args: BuildArguments = argumentsAtTop(options.buildArgs, { build: hostPlatform(), target });
  for (const { args: said } of parsed.metaArgs) {
    const expander = expanderOf(globalValues(args), parsed.directives.escape, budget);
    for (const { key, value } of said)
      args = declareGlobally(args, textOf(key), value === undefined ? undefined : expander.text(value));
  }
  const expander = expanderOf(globalValues(args), parsed.directives.escape, budget);
  const plan = planStages(parsed, options.target, (word) => expander.text(word));
  return {
    ...opened,
    deps,
    options,
    plan,
    args,
    budget,
    escape: parsed.directives.escape,
    file: parsed.name,
    metaCount: parsed.metaArgs.length,
    total: stepsOf(plan) + parsed.metaArgs.length + Object.keys(options.labels).length,
    cacheSources: options.cacheFrom.length === 0 ? undefined : cacheSources(options.cacheFrom, deps),
    timesAtMost: epochOf(options),
    tidying: new Set(),
    declared: new Set(parsed.metaArgs.flatMap(({ args: said }) => said.map(({ key }) => textOf(key)))),
  };
}

/** Those that are here: one that is not is no source. */
const cacheSources = (names: readonly string[], { images }: BuildImageDeps): StepImage[] =>
  names.flatMap((name) => {
    try {
      return [images.base(name, undefined)];
    } catch {
      return [];
    }
  });

const EPOCH = 'SOURCE_DATE_EPOCH';

/** Seconds since 1970 that all times in the image are to be (reproducible-builds.org, SOURCE_DATE_EPOCH). */
function epochOf({ buildArgs }: BuildOptions): bigint | undefined {
  const said = buildArgs.get(EPOCH);
  if (said === undefined || said === null || said === '') return undefined;
  if (!/^\d{1,11}$/.test(said)) throw stepFailure.epochInvalid({ said });
  return BigInt(said) * 1_000_000_000n;
}

function* metaSteps({ metaArgs }: Dockerfile, { total }: Prepared): Generator<Progress, void> {
  for (const [i, { source }] of metaArgs.entries()) yield line(`Step ${i + 1}/${total} : ${textOf(source)}`);
}

/** A build's names, checked before anything is done. @throws InvalidArgument */
function namesOf({ tags }: BuildOptions, { images }: BuildImageDeps): ImageReference[] {
  const references = tags.map((tag) => {
    const reference = parseReference(tag);
    if (reference.digest !== undefined) throw stepFailure.nameWithDigest({ name: tag });
    images.checkName(familiarName(reference), reference.tag);
    return withDefaultTag(reference);
  });
  return [...new Map(references.map((each) => [familiarString(each), each])).values()];
}

/** One layer on the base's, instead of one a step. */
async function squashed(
  { deps, lease }: Prepared,
  { image, base }: StageResult,
  signal: AbortSignal,
): Promise<StepImage> {
  const layer = await deps.storage.layers.squash(image.chainId, { below: base.chainId, lease, signal });
  const made = deps.images.squashed(image, base, layer?.diffId);
  await deps.images.keep([made], []);
  return made;
}

/** What is told of a build that is done; its names are given. */
async function* ended(
  { args, declared }: Prepared,
  image: StepImage,
  names: readonly ImageReference[],
  { images }: Pick<BuildImageDeps, 'images'>,
): AsyncGenerator<Said, void> {
  const unused = unusedArguments(args.given, declared).filter((name) => name !== EPOCH);
  if (unused.length > 0)
    yield line(`[Warning] One or more build-args [${unused.toSorted().join(' ')}] were not consumed`);
  yield line(`Successfully built ${shortId(image.id)}`);
  for (const name of names) {
    await images.tag(image.id, { repo: familiarName(name), tag: name.tag });
    yield line(`Successfully tagged ${familiarString(name)}`);
  }
}
