/** Plans what a Dockerfile means for one platform: the graph of its work, and the image that comes of it. */
import type { Instruction, Position } from '../../../../formats/dockerfile/instruction.ts';
import { parseTriggers } from '../../../../formats/dockerfile/parse.ts';
import type { ImageDocument } from '../../../../formats/oci.ts';
import { parsePlatform, type WantedPlatform } from '../../../../formats/platform.ts';
import type { SourceFile } from '../../../../model/build-event.ts';
import { vertexFailure } from '../../../../model/failures/vertex.ts';
import type { StepImage } from '../../../images/steps.ts';
import { meaningFailure } from '../parse-failure.ts';
import { placed, rangeOf } from '../place.ts';
import { isOfWeb, namesRepository, refuseElsewhere, repositoriesOf } from './context.ts';
import { addContextPaths } from './context-paths.ts';
import { mountsOf } from './mounts.ts';
import { type Bracket, bracketOf, numbered } from './names.ts';
import type { FilesNode, ImageNode, InlineNode, Source, StateNode } from './nodes.ts';
import type { Origin, Outline, StageOutline } from './stages.ts';
import type { DeclaredArgument, StageState, Surroundings } from './state.ts';
import { type PlannedStep, planInstruction, type SolveStep } from './steps.ts';

/** What a name of FROM or `--from` stands for. */
export type Resolved =
  | {
      readonly is: 'image';
      readonly image: StepImage;
      /** In full, as it is drawn behind FROM. */
      readonly reference: string;
      /** Its layers, for people. */
      readonly description: string;
      /** By this name a registry had it just now; undefined: it was here. */
      readonly resolved: string | undefined;
      /** What its vertex is called in place of FROM; undefined: that. */
      readonly name: string | undefined;
    }
  | { readonly is: 'files'; readonly node: FilesNode };

/** Finds out what a name stands for. `isStage`: only if the client has given it another meaning. */
export type Resolve = (
  name: string,
  platform: WantedPlatform,
  isStage: boolean,
) => Promise<Resolved | undefined>;

/** What is planned. */
export interface PlatformInput {
  readonly file: SourceFile;
  readonly outline: Outline;
  readonly around: Surroundings;
  readonly target: WantedPlatform;
  /** The client has asked for it: else an image's own platform is taken over. */
  readonly isAsked: boolean;
  /** Platforms are told in names. */
  readonly tellsPlatform: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly isAgain: (stage: string | undefined) => boolean;
  readonly resolve: Resolve;
}

/** What came of it. */
export interface PlatformPlan {
  /** Undefined: nothing at all is to be done. */
  readonly node: StateNode | undefined;
  /** The image but for its layers, and for times that are not known yet. */
  readonly document: ImageDocument;
  /** Paths of the build context that are wanted; undefined: all. */
  readonly contextPaths: ReadonlySet<string> | undefined;
  readonly platform: WantedPlatform;
  /** Indices of the stages that are needed. */
  readonly needed: ReadonlySet<number>;
  /** The image that a stage stands on, if it is one. */
  readonly baseOf: (index: number) => StepImage | undefined;
}

type ImageAbout = Pick<ImageDocument, 'architecture' | 'os' | 'variant' | 'os.version' | 'os.features'>;

/** A stage that is planned. */
interface Stage {
  readonly node: StateNode | undefined;
  readonly state: StageState;
  /** What the image says of itself beside its configuration. */
  readonly about: ImageAbout;
  readonly platform: WantedPlatform;
  /** The image that it stands on. */
  readonly base: StepImage | undefined;
}

/** @throws InvalidArgument and what `resolve` throws, with their places */
export async function planPlatform(input: PlatformInput): Promise<PlatformPlan> {
  const { outline, isAsked, target, labels } = input;
  const stages = new Map<number, Stage>();
  const paths = new Set<string>();
  for (const stage of outline.needed)
    stages.set(stage.index, await new StagePlanner(input, stage, stages, paths).plan());
  const made = stages.get(outline.target.index);
  if (made === undefined) throw new Error('the target is among the stages that are needed');
  const { config, author, history } = made.state;
  const Labels = { ...config.Labels, ...labels };
  const { os, architecture, variant } = target;
  return {
    node: made.node,
    document: {
      ...made.about,
      ...(isAsked ? { os, architecture, ...(variant ? { variant } : {}) } : {}),
      ...(author === '' ? {} : { author }),
      config: { ...config, ...(Object.keys(Labels).length > 0 ? { Labels } : {}) },
      history: [...history],
      rootfs: { type: 'layers', diff_ids: [] },
    },
    contextPaths: paths.has('/') ? undefined : paths,
    platform: made.platform,
    needed: new Set(outline.needed.map(({ index }) => index)),
    baseOf: (index) => stages.get(index)?.base,
  };
}

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

class StagePlanner {
  readonly #input: PlatformInput;
  readonly #outline: StageOutline;
  readonly #stages: ReadonlyMap<number, Stage>;
  readonly #paths: Set<string>;

  constructor(
    input: PlatformInput,
    outline: StageOutline,
    stages: ReadonlyMap<number, Stage>,
    paths: Set<string>,
  ) {
    this.#input = input;
    this.#outline = outline;
    this.#stages = stages;
    this.#paths = paths;
  }

  async plan(): Promise<Stage> {
    const { stage } = this.#outline;
    const base = await this.#at(stage.from.position, () => this.#base());
    if (base.isDone) return base.stage;
    const { config } = base.stage.state;
    const { OnBuild = [], ...kept } = config;
    let { node } = base.stage;
    let state = begun({ ...base.stage.state, config: kept });
    const perform = async (instruction: Instruction): Promise<void> => {
      const planned = planInstruction(state, instruction, this.#input.around);
      const done = await this.#node(node, base, planned, instruction);
      node = done.node;
      state = done.state;
    };
    await this.#at(stage.from.position, async () => {
      for (const trigger of parseTriggers(OnBuild)) await perform(trigger);
    });
    for (const instruction of stage.instructions)
      await this.#at(instruction.position, () => perform(instruction));
    return { ...base.stage, node, state };
  }

  async #at<T>(position: Position, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const source = { file: this.#input.file, ranges: [rangeOf(position)] };
      throw placed(meaningFailure(error), { source, vertex: undefined });
    }
  }

  async #base(): Promise<Base> {
    const { base, platform: said, stage } = this.#outline;
    const platform = said === undefined ? this.#input.target : parsePlatform(said);
    if (stage.name !== undefined) {
      const other = await this.#input.resolve(stage.name, platform, true);
      // The client has the whole stage elsewhere: nothing of it is done.
      if (other) return { ...this.#stageOf(other, platform, undefined), isDone: true };
    }
    if (base.is === 'stage') {
      const below = this.#stages.get(base.index);
      if (below === undefined) throw new Error('a stage comes after the one that it stands on');
      const state = { ...below.state, declared: [], commandSaid: false, count: 0 };
      const stage = { ...below, state, base: undefined };
      return { stage, bracket: this.#bracket(false, below.platform), isDone: false };
    }
    if (base.is === 'scratch') {
      const { target } = this.#input;
      return { stage: emptyStage(target), bracket: this.#bracket(false, target), isDone: false };
    }
    const found = await this.#input.resolve(base.name, platform, false);
    if (found === undefined) throw new Error('an image is found, or a failure thrown');
    return { ...this.#stageOf(found, platform, this.#bracket(true, platform)), isDone: false };
  }

  #bracket(hasBase: boolean, platform: WantedPlatform): Bracket {
    return bracketOf(this.#outline, hasBase, this.#input.tellsPlatform ? platform : undefined);
  }

  #stageOf(
    found: Resolved,
    platform: WantedPlatform,
    bracket: Bracket | undefined,
  ): Pick<Base, 'stage' | 'bracket'> {
    const ranges = [rangeOf(this.#outline.stage.from.position)];
    const asked = this.#bracket(true, platform);
    const empty = emptyStage(platform);
    if (found.is === 'files') {
      const { node: source } = found;
      const step = { name: source.name, ranges, from: undefined, platform, again: false };
      return { stage: { ...empty, node: { ...step, is: 'root', source } }, bracket: asked };
    }
    const stage = stageOn(found.image, platform);
    if (found.image.chainId === undefined) return { stage, bracket: asked };
    // What the client has given another meaning is not counted as a step of the stage.
    const { name, counted } =
      found.name === undefined && bracket
        ? numbered(`FROM ${found.reference}`, bracket, stage.state)
        : { name: found.name ?? `FROM ${found.reference}`, counted: stage.state };
    return {
      stage: { ...stage, state: counted, node: imageNode(found, name, ranges) },
      bracket: asked,
    };
  }

  /** What is to be done for an instruction, on top of `from`. */
  async #node(
    from: StateNode | undefined,
    { stage: { platform }, bracket }: Base,
    { after, step }: PlannedStep,
    instruction: Instruction,
  ): Promise<{ node: StateNode | undefined; state: StageState }> {
    if (step === undefined) return { node: from, state: after };
    const ranges = [rangeOf(instruction.position)];
    const { name, counted } = numbered(step.line, bracket, after);
    const again = step.is !== 'directory' && this.#input.isAgain(this.#outline.stage.name);
    const common = { name, ranges, from, platform, again };
    switch (step.is) {
      case 'directory':
        return { node: { ...common, is: 'directory', step }, state: counted };
      case 'copy': {
        const source = await this.#copySource(step, platform, ranges);
        const inline = [
          ...step.sources.flatMap((word) => (isOfWeb(word) ? [{ ...inlineNode(word), name, ranges }] : [])),
          ...step.inline.map(({ bytes }) => inlineNode(bytes.toString('latin1'))),
        ];
        const repositories = repositoriesOf(step, name);
        return { node: { ...common, is: 'copy', step, source, repositories, inline }, state: counted };
      }
      case 'run': {
        const mounts = await mountsOf(step, async (mount) =>
          mount.from === undefined ? 'context' : await this.#source(mount.from, platform, ranges),
        );
        for (const { source, mount } of mounts)
          if (source === 'context') addContextPaths(this.#paths, [mount.source ?? '/']);
        const inline = [
          ...(step.script ? [inlineNode(step.script.bytes.toString('latin1'))] : []),
          ...mounts.flatMap(({ mount }) => settingsNode(mount)),
        ];
        return { node: { ...common, is: 'run', step, mounts, inline }, state: counted };
      }
      default:
        return step satisfies never;
    }
  }

  async #copySource(
    step: Extract<SolveStep, { is: 'copy' }>,
    platform: WantedPlatform,
    ranges: ImageNode['ranges'],
  ): Promise<Source> {
    refuseElsewhere(step);
    if (step.from !== undefined) return await this.#source(step.from, platform, ranges);
    const words = step.sources.filter((word) => !namesRepository(word) && !isOfWeb(word));
    addContextPaths(this.#paths, words);
    return words.length === 0 ? undefined : 'context';
  }

  async #source(word: string, platform: WantedPlatform, ranges: ImageNode['ranges']): Promise<Source> {
    const origin: Origin = this.#input.outline.origin(word);
    if (origin.is === 'scratch') return undefined;
    if (origin.is === 'stage') {
      const stage = this.#stages.get(origin.index);
      if (stage) return stage.node;
      throw vertexFailure.stageIsLater({ from: word, stage: this.#outline.label });
    }
    const found = await this.#input.resolve(origin.name, platform, false);
    if (found?.is === 'files') return found.node;
    if (found?.image.chainId === undefined) return undefined;
    return imageNode(found, found.name ?? `FROM ${found.reference}`, ranges);
  }
}

interface Base {
  readonly stage: Stage;
  readonly bracket: Bracket;
  readonly isDone: boolean;
}

const imageNode = (
  { image, description, resolved }: Extract<Resolved, { is: 'image' }>,
  name: string,
  ranges: ImageNode['ranges'],
): ImageNode => ({ is: 'image', name, ranges, image, description, resolved });

const inlineNode = (content: string): InlineNode => ({
  is: 'inline',
  name: '[internal] preparing inline document',
  ranges: [],
  content,
});

/** A kept directory that begins with an owner or mode is made ready first. */
const settingsNode = ({
  type,
  mode,
  uid,
  gid,
}: {
  type: string;
  mode?: number;
  uid?: number;
  gid?: number;
}): InlineNode[] =>
  type === 'cache' && (mode ?? uid ?? gid) !== undefined
    ? [
        {
          is: 'inline',
          name: '[internal] settings cache mount permissions',
          ranges: [],
          content: JSON.stringify([mode, uid, gid]),
        },
      ]
    : [];

const NOTHING = { author: '', history: [], env: new Map(), declared: [] as readonly DeclaredArgument[] };

function emptyStage(platform: WantedPlatform): Stage {
  const { os, architecture, variant } = platform;
  const config = { WorkingDir: '/', Env: [`PATH=${DEFAULT_PATH}`] };
  return {
    node: undefined,
    state: { ...NOTHING, config, commandSaid: false, count: 0 },
    about: { architecture, os, ...(variant ? { variant } : {}) },
    platform,
    base: undefined,
  };
}

function stageOn(base: StepImage, platform: WantedPlatform): Stage {
  const { document } = base;
  const { architecture, os, variant, author = '', config = {}, history = [] } = document;
  const version = document['os.version'];
  const features = document['os.features'];
  return {
    node: undefined,
    state: { ...NOTHING, config, author, history, commandSaid: false, count: 0 },
    about: {
      ...(architecture ? { architecture } : {}),
      ...(os ? { os } : {}),
      ...(variant ? { variant } : {}),
      ...(version ? { 'os.version': version } : {}),
      ...(features ? { 'os.features': features } : {}),
    },
    platform,
    base,
  };
}

/** What the image's environment says comes before what arguments of a stage below said. */
function begun(state: StageState): StageState {
  const pairs = (state.config.Env ?? []).map((item): [string, string] => {
    const at = item.indexOf('=');
    return at < 0 ? [item, ''] : [item.slice(0, at), item.slice(at + 1)];
  });
  const hasPath = pairs.some(([name]) => name === 'PATH');
  const all: readonly [string, string][] = hasPath ? pairs : [...pairs, ['PATH', DEFAULT_PATH]];
  const env = new Map(state.env);
  for (const [name, value] of all) {
    env.delete(name);
    env.set(name, value);
  }
  const said = state.config.Env ?? [];
  const Env = hasPath ? said : [...said, `PATH=${DEFAULT_PATH}`];
  return { ...state, env, config: { ...state.config, Env } };
}
