/** Builds in BuildKit's manner: what the engine promises of them, and what they leave. */
import { messageOf } from '../../../base/errors.ts';
import { parsePlatform } from '../../../formats/platform.ts';
import type { SourceFile } from '../../../model/build-event.ts';
import { PlacedFailure } from '../../../model/failures/solve.ts';
import { vertexFailure } from '../../../model/failures/vertex.ts';
import type { Storage } from '../../../storage/index.ts';
import type { ImageCommits } from '../../images/commit.ts';
import type { ImageCaches } from '../../images/images.ts';
import { ignoredOf } from './definition.ts';
import { importedSteps } from './imports.ts';
import type { SolveDeps, Work } from './perform/solving.ts';
import { Teller } from './perform/teller.ts';
import { placeOf } from './place.ts';
import type { Solved, SolveOptions } from './promise.ts';
import {
  definitionOf,
  type FoundDefinition,
  type FoundFile,
  fileOf,
  type KnownOfBuild,
  solveWork,
} from './solve.ts';
import type { Definition, SolvedBuild, SolvedImage } from './solved.ts';

/** What solves need. */
export type SolvesDeps = SolveDeps & {
  readonly storage: Pick<Storage, 'lease'>;
  readonly images: Pick<ImageCommits, 'clear'> & Pick<ImageCaches, 'openCache' | 'openLayout'>;
};

/** What is known of a Dockerfile by who answers questions about it, or warns of it. */
export interface Inquiry {
  /** What is answered in place of a build. */
  answer(
    question: NonNullable<SolveOptions['question']>,
    file: SourceFile,
    options: SolveOptions,
    ignored: readonly string[],
  ): ReadonlyMap<string, Buffer>;
  /** What is wrong though it is built all the same. @throws InvalidArgument when that is not to be */
  warn(work: Work, definition: Definition, known: KnownOfBuild): void;
}

/** Results that were let go of, which a client may come back to as long as their layers are here. */
const PAST_MAX = 100;

/** Solves that go on, and what was solved as long as somebody has it. */
export class SolveRoom {
  readonly #deps: SolvesDeps;
  readonly #inquiry: Inquiry;
  /** Told when nothing goes on any more. */
  readonly #atRest: () => void;
  readonly #going = new Map<AbortController, Promise<void>>();
  /** Of results that somebody still has, too. */
  readonly #works = new Set<Work>();
  readonly #results = new Map<string, SolvedImage>();
  readonly #past = new Map<string, SolvedImage>();

  constructor(deps: SolvesDeps, inquiry: Inquiry, atRest: () => void) {
    this.#deps = deps;
    this.#inquiry = inquiry;
    this.#atRest = atRest;
  }

  /** What was made for one platform, by its token; undefined: nobody knows it any more. */
  result(token: string): SolvedImage | undefined {
    const past = this.#past.get(token);
    const top = past?.image.chainId;
    const isHere = top === undefined || this.#deps.storage.layers.get(top) !== undefined;
    return this.#results.get(token) ?? (isHere ? past : undefined);
  }

  #letGo({ token }: SolvedImage): void {
    const result = this.#results.get(token);
    this.#results.delete(token);
    if (result) this.#past.set(token, result);
    for (const oldest of this.#past.keys()) if (this.#past.size > PAST_MAX) this.#past.delete(oldest);
  }

  /** @throws PlacedFailure */
  async solve(options: SolveOptions): Promise<Solved> {
    const ending = new AbortController();
    const { promise: over, resolve } = Promise.withResolvers<void>();
    this.#going.set(ending, over);
    const leave = (): void => ending.abort(options.signal.reason);
    options.signal.addEventListener('abort', leave, { once: true });
    try {
      if (options.signal.aborted) leave();
      return await this.#solved(options, ending);
    } finally {
      options.signal.removeEventListener('abort', leave);
      this.#going.delete(ending);
      if (this.#going.size === 0) this.#atRest();
      resolve();
    }
  }

  async #solved(options: SolveOptions, ending: AbortController): Promise<SolvedBuild> {
    const deps = this.#deps;
    await using scope = new AsyncDisposableStack();
    const lease = scope.use(deps.storage.lease('solve'));
    const teller = new Teller({ tell: options.tell, now: deps.now });
    const work: Work = {
      deps,
      options,
      teller,
      lease,
      scope,
      ending,
      tidying: new Set(),
      imported: this.#imported(options, ending.signal),
    };
    this.#works.add(work);
    scope.defer(async () => {
      await Promise.all(work.tidying);
      this.#works.delete(work);
    });
    try {
      const found = await fileOf(work);
      const { question } = options;
      const { results, answers } =
        question === undefined
          ? await this.#built(work, definitionOf(found))
          : { results: [], answers: await this.#answered(work, found, question) };
      await deps.cache.settle();
      for (const each of results) this.#results.set(each.token, each);
      const held = scope.move();
      return {
        results,
        multiPlatform: options.multiPlatform,
        answers,
        [Symbol.asyncDispose]: async () => {
          for (const each of results) this.#letGo(each);
          await held.disposeAsync();
          if (hasLayout(options)) await this.#clear();
        },
      };
    } catch (error) {
      ending.abort(error);
      await this.#leave();
      throw failureOf(error);
    }
  }

  async #built(work: Work, found: FoundDefinition) {
    const results = await solveWork(work, found, {
      result: (token) => this.result(token),
      warn: (known) => this.#inquiry.warn(work, found.definition, known),
    });
    return { results, answers: new Map<string, Buffer>() };
  }

  async #answered(work: Work, found: FoundFile, question: NonNullable<SolveOptions['question']>) {
    const ignored = question === 'lint' ? await ignoredOf(work, found) : [];
    return this.#inquiry.answer(question, found.file, work.options, ignored);
  }

  #imported({ cacheFrom, platforms, client, tell }: SolveOptions, signal: AbortSignal) {
    const { images, now, log } = this.#deps;
    const [platform] = platforms.map(parsePlatform);
    return importedSteps(cacheFrom, { images, client, tell, now, log, signal, platform });
  }

  /** Steps that were done stay done, as far as there is room; what they left besides goes. */
  async #leave(): Promise<void> {
    const { cache, images, log } = this.#deps;
    await cache
      .settle()
      .catch((error: unknown) => log.warn('build.steps-not-kept', { reason: messageOf(error) }));
    await images.clear();
  }

  /** Of an image in a layout nothing is on record: what nobody has made use of has nobody else to remove it. */
  async #clear(): Promise<void> {
    const { images, log } = this.#deps;
    await images
      .clear()
      .catch((error: unknown) => log.warn('build.layout-not-cleared', { reason: messageOf(error) }));
  }

  /** Solves that go on end, and have cleaned up when it resolves. */
  async stop(): Promise<void> {
    for (const ending of this.#going.keys()) ending.abort(vertexFailure.cancelled());
    await Promise.allSettled(this.#going.values());
    await Promise.all([...this.#works].flatMap(({ tidying }) => [...tidying]));
  }
}

const hasLayout = ({ contexts }: SolveOptions): boolean =>
  [...contexts.values()].some(({ is }) => is === 'layout');

function failureOf(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const place = placeOf(error);
  return place === undefined ? error : new PlacedFailure(error, place);
}
