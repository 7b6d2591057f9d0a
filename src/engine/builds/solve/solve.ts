/** One solve in BuildKit's manner: the Dockerfile is found, planned for each platform, and its vertices solved. */

import { formatNanos } from '../../../base/time.ts';
import { textOf } from '../../../formats/byte-text.ts';
import { ExpansionBudget } from '../../../formats/dockerfile/expansion.ts';
import type { Dockerfile } from '../../../formats/dockerfile/instruction.ts';
import { hostPlatform, parsePlatform, platformText, type WantedPlatform } from '../../../formats/platform.ts';
import { stepFailure } from '../../../model/failures/step.ts';
import type { StepImage } from '../../images/steps.ts';
import { argumentsAtTop } from '../plan/arguments.ts';
import { expanderOf } from '../plan/expander.ts';
import { Bases } from './bases.ts';
import {
  type Found,
  findDefinition,
  ignoredOf,
  internal,
  type OpenWhole,
  readDefinition,
  toldOf,
} from './definition.ts';
import { documentOf } from './document.ts';
import { directoryOf, type OpenedInput, openInput } from './inputs.ts';
import { openPart } from './perform/part.ts';
import { renewMounts } from './perform/renew-mounts.ts';
import { Solver } from './perform/solver.ts';
import type { OpenedFiles, Solving, Work } from './perform/solving.ts';
import { placed, rangeOf } from './place.ts';
import { contextNode } from './plan/context.ts';
import { followedPaths } from './plan/context-paths.ts';
import { type FilesNode, inputsOf, type Node, type StateNode, sourceOf, Vertices } from './plan/nodes.ts';
import { type PlatformPlan, planPlatform } from './plan/platform.ts';
import { outlineOf } from './plan/stages.ts';
import type { Surroundings } from './plan/state.ts';
import type { Definition, SolvedImage, SolvedStep } from './solved.ts';

/** A Dockerfile that was found. */
export interface FoundFile extends Found {
  readonly openWhole: OpenWhole;
}

/** One that is read. */
export interface FoundDefinition extends FoundFile {
  readonly definition: Definition;
}

/** @throws NotFound */
export async function fileOf(work: Work): Promise<FoundFile> {
  const openWhole = opener(work);
  return { ...(await findDefinition(work, openWhole)), openWhole };
}

/** @throws InvalidArgument, with its place */
export const definitionOf = (found: FoundFile): FoundDefinition => ({
  ...found,
  definition: readDefinition(found),
});

/** What is known when all is planned, and nothing is done yet. */
export interface KnownOfBuild extends Pick<PlatformPlan, 'baseOf' | 'needed'> {
  /** The vertex that has read the Dockerfile. */
  readonly vertex: string;
  readonly ignored: readonly string[];
}

/** What a solve has of others. */
export interface SolveSides {
  /** What another build has made. */
  readonly result: (token: string) => SolvedImage | undefined;
  /** Told before anything is done. @throws to end it there */
  readonly warn: (known: KnownOfBuild) => void;
}

/** What is made, still held by `work`. @throws what a step throws: `placeOf` says where */
export async function solveWork(
  work: Work,
  found: FoundDefinition,
  { result, warn }: SolveSides,
): Promise<readonly SolvedImage[]> {
  const { definition, openWhole, vertex } = found;
  const { syntax } = definition.parsed.directives;
  // Whoever names a frontend of another origin should know that it is not what builds.
  if (syntax)
    await toldOf(work, internal(`frontend ${textOf(syntax)}: built in`, syntax), async () => undefined);
  const bases = new Bases(work, work.options.multiPlatform, result);
  const plans = await unlessFailed(work, bases.settled, () =>
    Promise.all(platformsOf(work).map((platform) => planned(work, definition, bases, platform))),
  );
  const ignored = await ignoredOf(work, found);
  const [first] = plans;
  if (first) warn({ ...first, vertex: vertex.digest, ignored });
  const context = contextOf(work, ignored, plans);
  const { solving, settled } = new Solver(work, {
    file: definition.file,
    context,
    open: async (node) => await openedFiles(work, solving, node, openWhole),
  });
  for (const { node } of plans) if (node) announce(solving, node, context);
  await renewMounts(
    work,
    plans.flatMap(({ node }) => node ?? []),
    context,
  );
  return await unlessFailed(work, settled, () => Promise.all(plans.map((plan) => solved(solving, plan))));
}

/** What fails ends all that goes on besides; it is thrown when that is over. */
async function unlessFailed<T>(
  { ending }: Work,
  settled: () => Promise<void>,
  wanted: () => Promise<T>,
): Promise<T> {
  try {
    return await wanted();
  } catch (error) {
    const first = ending.signal.aborted ? ending.signal.reason : error;
    ending.abort(error);
    await settled();
    throw first;
  }
}

/** Each whole input is opened once: an upload can be read but once. */
function opener(work: Work): OpenWhole {
  const opened = new Map<string, Promise<OpenedInput>>();
  const vertices = new Vertices(undefined);
  const whole: OpenWhole = (node) => {
    const key = JSON.stringify(node.input);
    const known = opened.get(key) ?? open(node);
    opened.set(key, known);
    return known;
  };
  const open = async (node: FilesNode): Promise<OpenedInput> => {
    const { input } = node;
    const vertex = vertices.of(node);
    if (input.is !== 'part') return await openInput(work, vertex, { ...node, input, hint: '', what: '' });
    const { files } = await whole(sourceOf(input));
    return { ...(await openPart(work, vertex, input, files)), dockerfile: undefined };
  };
  return whole;
}

/** None asked for: this machine's. */
const platformsOf = ({ options: { platforms } }: Work): readonly (WantedPlatform | undefined)[] =>
  platforms.length === 0 ? [undefined] : platforms.map(parsePlatform);

async function planned(
  work: Work,
  { file, parsed }: Definition,
  bases: Bases,
  asked: WantedPlatform | undefined,
): Promise<PlatformPlan> {
  const { options } = work;
  const target = asked ?? hostPlatform();
  const around = surroundingsOf(work, parsed, target);
  const expander = expanderOf(definedOf(around.globals), around.escapedBy, around.budget);
  const outline = outlineOf(
    parsed,
    options.target,
    (word) => expander.text(word),
    (error, position) => placed(error, { source: { file, ranges: [rangeOf(position)] }, vertex: undefined }),
  );
  const plan = {
    ...{ file, outline, around, target, labels: options.labels, resolve: bases.resolve },
    isAsked: asked !== undefined,
    tellsPlatform: options.multiPlatform,
    isAgain: isAgain(work),
  };
  // Those that are known by now are looked for side by side.
  for (const { base, platform } of outline.needed)
    if (base.is === 'image')
      bases.resolve(base.name, platform ? parsePlatform(platform) : target, false).catch(() => undefined);
  return await planPlatform(plan);
}

const isAgain =
  ({ options: { noCache } }: Work) =>
  (stage: string | undefined): boolean =>
    noCache === 'all' || noCache.some((name) => name.toLowerCase() === stage?.toLowerCase());

const definedOf = (values: ReadonlyMap<string, string | undefined>): Map<string, string> =>
  new Map([...values].flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])));

const EPOCH = 'SOURCE_DATE_EPOCH';

/** What all stages of a platform have around them: arguments that stand before the first FROM, above all. */
function surroundingsOf(
  { options: { buildArgs } }: Work,
  parsed: Dockerfile,
  target: WantedPlatform,
): Surroundings {
  const { escape: escapedBy } = parsed.directives;
  const budget = new ExpansionBudget();
  const globals = new Map(
    [...argumentsAtTop(new Map(), { build: hostPlatform(), target }).global].map(([name, value]) => [
      name,
      buildArgs.get(name) ?? value,
    ]),
  );
  for (const { args } of parsed.metaArgs)
    for (const { key, value } of args) {
      const name = textOf(key);
      const byDefault =
        value === undefined ? undefined : expanderOf(definedOf(globals), escapedBy, budget).text(value);
      globals.set(name, buildArgs.get(name) ?? byDefault);
    }
  return { buildArgs, globals, escapedBy, budget, epoch: epochOf(buildArgs.get(EPOCH)) };
}

function epochOf(said: string | undefined): string | undefined {
  if (said === undefined || said === '') return undefined;
  if (!/^\d{1,11}$/.test(said)) throw stepFailure.epochInvalid({ said });
  return formatNanos(BigInt(said) * 1_000_000_000n);
}

/** The context as one vertex, with what all platforms want of it. */
function contextOf(
  work: Work,
  excludePatterns: readonly string[],
  plans: readonly PlatformPlan[],
): FilesNode | undefined {
  const { context } = work.options;
  const wanted = plans.map(({ contextPaths }) => contextPaths);
  if (wanted.every((paths) => paths?.size === 0)) return undefined;
  if (context.is === 'image' || context.is === 'layout' || context.is === 'solved') return undefined;
  const all = wanted.includes(undefined) ? undefined : new Set(wanted.flatMap((paths) => [...(paths ?? [])]));
  const wish = { followPaths: followedPaths(all), excludePatterns };
  return contextNode(context, wish);
}

async function openedFiles(
  work: Work,
  solving: Solving,
  node: FilesNode,
  openWhole: OpenWhole,
): Promise<OpenedFiles> {
  const { input } = node;
  const { options } = work;
  const isContext = input === options.context;
  const open = async (): Promise<OpenedFiles> => {
    if (input.is !== 'client') return await openWhole(node);
    const vertex = solving.vertexOf(node);
    work.teller.begin(vertex);
    const hint = isContext ? 'context' : `context:${input.name}`;
    return await openInput(work, vertex, { ...node, input, hint, what: input.name });
  };
  const { files, cached } = await open();
  return { files: isContext ? await directoryOf(work, files, options.subdirectory) : files, cached };
}

/** Everything that will be worked on is told of first, the last thing before what it is made of. */
function announce(solving: Solving, node: Node, context: FilesNode | undefined): void {
  const seen = new Set<string>();
  const visit = (each: Node): void => {
    const vertex = solving.vertexOf(each);
    if (seen.has(vertex.digest)) return;
    seen.add(vertex.digest);
    solving.teller.announce(vertex);
    for (const input of inputsOf(each, context)) visit(input);
  };
  visit(node);
}

async function solved(solving: Solving, plan: PlatformPlan): Promise<SolvedImage> {
  const { node, document, platform } = plan;
  const layers = node === undefined ? undefined : await solving.state(node);
  solving.use(node);
  const image = solving.deps.images.written(documentOf(document, layers));
  return {
    platform: platformText(platform),
    token: crypto.randomUUID(),
    config: image.bytes,
    vertex: node === undefined ? '' : solving.vertexOf(node).digest,
    image,
    steps: await stepsOf(solving, node),
    others: [...solving.steps.values()],
  };
}

/** Those that the result stands on, the first one first. */
async function stepsOf(solving: Solving, last: StateNode | undefined): Promise<SolvedStep[]> {
  const found: SolvedStep[] = [];
  for (let node = last; node !== undefined && node.is !== 'image'; node = node.from) {
    const image: StepImage = await solving.state(node);
    const step = solving.steps.get(image.chainId ?? '');
    if (step) found.unshift(step);
  }
  return found;
}
