/** What names of FROM and `--from` stand for: what the client has given them another meaning, an image that is here, or one of a registry. */
import { inContext, NotFound } from '../../../base/errors.ts';
import { isFailure } from '../../../base/failures.ts';
import { platformText, type WantedPlatform } from '../../../formats/platform.ts';
import {
  familiarString,
  type ImageReference,
  parseReference,
  withDefaultTag,
} from '../../../formats/reference.ts';
import { imageFailure } from '../../../model/failures/image.ts';
import { vertexContext, vertexFailure } from '../../../model/failures/vertex.ts';
import type { StepImage } from '../../images/steps.ts';
import { loginHost } from '../logins.ts';
import { held } from '../perform/hold.ts';
import { ignoreListOf, internal, toldOf } from './definition.ts';
import { layoutBase } from './layout-base.ts';
import { PullTelling } from './perform/pull-telling.ts';
import type { Work } from './perform/solving.ts';
import { partNode } from './plan/context.ts';
import { type FilesNode, repositoryNode, repositoryOf, type Vertex, vertexDigest } from './plan/nodes.ts';
import type { Resolve, Resolved } from './plan/platform.ts';
import type { BuildInput, FilesInput } from './promise.ts';
import type { SolvedImage } from './solved.ts';

/** What bases are found by. */
export class Bases {
  readonly #work: Work;
  readonly #tellsPlatform: boolean;
  readonly #result: (token: string) => SolvedImage | undefined;
  readonly #known = new Map<string, Promise<Resolved>>();
  /** By the image's id, under which digest a registry has it: those that were brought here for this build. */
  readonly #brought = new Map<string, string>();

  /** `result`: what another build has made, by its token. */
  constructor(work: Work, tellsPlatform: boolean, result: (token: string) => SolvedImage | undefined) {
    this.#work = work;
    this.#tellsPlatform = tellsPlatform;
    this.#result = result;
  }

  /** Nothing goes on any more when it resolves. */
  readonly settled = async (): Promise<void> => {
    await Promise.allSettled(this.#known.values());
  };

  readonly resolve: Resolve = async (name, platform, isStage) => {
    const text = platformText(platform);
    const named = namedContext(this.#work, name, text);
    if (named) return await this.#once(`${named.name} ${text}`, () => this.#context(named, platform));
    if (isStage) return undefined;
    const reference = referenceOf(name);
    try {
      return await this.#once(`image ${fullText(reference)} ${text}`, () =>
        this.#image(reference, platform, undefined),
      );
    } catch (error) {
      throw inContext(error, vertexContext.image({ name }));
    }
  };

  #once(key: string, find: () => Promise<Resolved>): Promise<Resolved> {
    const before = this.#known.get(key);
    if (before) return before;
    const found = find();
    found.catch(() => undefined); // told to who waits
    this.#known.set(key, found);
    return found;
  }

  async #context(
    { name, input }: { readonly name: string; readonly input: BuildInput },
    platform: WantedPlatform,
  ): Promise<Resolved> {
    switch (input.is) {
      case 'image':
        return await this.#image(referenceOf(input.name), platform, name);
      case 'solved': {
        const found = this.#result(input.token);
        if (found === undefined) throw vertexFailure.resultMissing({ token: input.token });
        const image = held(this.#work, found.image);
        return {
          ...{ is: 'image', image, reference: name, description: 'from local ', resolved: undefined },
          name: `[context ${name}] result`,
        };
      }
      case 'layout':
        return await layoutBase(this.#work, name, input, platform);
      default:
        return { is: 'files', node: await filesNode(this.#work, name, input) };
    }
  }

  /** `context`: what the client calls it. */
  async #image(
    reference: ImageReference,
    platform: WantedPlatform,
    context: string | undefined,
  ): Promise<Resolved> {
    const full = fullText(reference);
    const place = context === undefined ? this.#bracket(platform) : `[context ${context}]`;
    const vertex = {
      digest: vertexDigest(['metadata', place, full, platformText(platform), crypto.randomUUID()]),
      name: `${place} load metadata for ${full}`,
      inputs: [],
    };
    const image = await toldOf(this.#work, vertex, () => this.#found(reference, platform, vertex)).catch(
      (error: unknown) => {
        throw inContext(error, vertexContext.metadata({ reference: full }));
      },
    );
    const digest = this.#brought.get(image.id);
    const resolved = digest === undefined || reference.digest ? full : `${full}@${digest}`;
    return {
      ...{ is: 'image', image, reference: resolved },
      resolved: digest === undefined ? undefined : resolved,
      description: digest === undefined ? 'from local ' : `pulled from ${resolved}`,
      name: context === undefined ? undefined : `[context ${context}] ${resolved}`,
    };
  }

  #bracket(platform: WantedPlatform): string {
    return this.#tellsPlatform ? `[${platformText(platform)} internal]` : '[internal]';
  }

  /** Here, or brought here. */
  async #found(reference: ImageReference, platform: WantedPlatform, vertex: Vertex): Promise<StepImage> {
    const { deps, options } = this.#work;
    const here = (): StepImage => held(this.#work, deps.images.base(familiarString(reference), platform));
    if (!options.pull)
      try {
        return here();
      } catch (error) {
        if (!(error instanceof NotFound) && !isFailure(error, imageFailure.platformDiffers)) throw error;
      }
    const digest = await this.#pull(reference, platform, vertex);
    const image = here();
    this.#brought.set(image.id, digest);
    return image;
  }

  /** The digest by which its registry has it. */
  async #pull(reference: ImageReference, platform: WantedPlatform, vertex: Vertex): Promise<string> {
    const { deps, options, ending, teller } = this.#work;
    const { signal } = ending;
    const login = await options.client.login(loginHost(reference), signal);
    const credentials = new Map(login ? [[reference.domain, login]] : []);
    const telling = new PullTelling(teller, vertex);
    const wanted = { name: familiarString(reference), platform, credentials };
    try {
      await deps.pull(wanted, async (message) => telling.say(message), signal);
    } catch (error) {
      throw pullFailure(error, fullText(reference));
    }
    return telling.done();
  }
}

/** In BuildKit's words. */
function pullFailure(error: unknown, reference: string): unknown {
  if (isFailure(error, imageFailure.manifestNotFound))
    return vertexFailure.baseMissing({ reference }, { cause: error });
  const isDenied =
    isFailure(error, imageFailure.pullDenied) || isFailure(error, imageFailure.repositoryNotFound);
  return isDenied ? vertexFailure.baseDenied({ cause: error }) : error;
}

function referenceOf(name: string): ImageReference {
  try {
    return withDefaultTag(parseReference(name));
  } catch (error) {
    throw inContext(error, vertexContext.stageName({ name }));
  }
}

const fullText = (reference: ImageReference): string => {
  const { domain, path, tag, digest } = reference;
  return `${domain}/${path}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
};

/** What the client means by a name, for a platform or for any. */
function namedContext(
  { options: { contexts } }: Work,
  name: string,
  platform: string,
): { readonly name: string; readonly input: BuildInput } | undefined {
  if (contexts.size === 0 || /^(?:scratch|context)$/i.test(name)) return undefined;
  const short = familiarOr(name);
  for (const each of [`${short}::${platform}`, short]) {
    const input = contexts.get(each);
    if (input) return { name: each, input };
  }
  return undefined;
}

function familiarOr(name: string): string {
  try {
    return familiarString(parseReference(name)).replace(/:latest$/, '');
  } catch {
    return name; // what cannot be a name of an image may still be one of the client's
  }
}

/** A directory of the client has a list of what it leaves out, like the context itself. */
async function filesNode(work: Work, name: string, input: FilesInput): Promise<FilesNode> {
  const bracketed = `[context ${name}]`;
  const repository = repositoryOf(input);
  if (repository) return repositoryNode(repository);
  if (input.is === 'part') return partNode(input);
  const common = { is: 'files', ranges: [], input, followPaths: [] } as const;
  if (input.is !== 'client') {
    const from = input.is === 'remote' ? input.address : input.id;
    return { ...common, name: `${bracketed} ${from}`, excludePatterns: [] };
  }
  const vertex = { ...internal('', [name, input]), name: `${bracketed} load .dockerignore` };
  const excludePatterns = await ignoreListOf(work, vertex, input, `context:${name}`);
  return { ...common, name: `${bracketed} load from client`, excludePatterns };
}
