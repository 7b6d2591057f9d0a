/** Builds in BuildKit's manner: what the engine promises of them, and what they leave. */
import { messageOf } from '../../../base/errors.ts';
import { PlacedFailure } from '../../../model/failures/solve.ts';
import { vertexFailure } from '../../../model/failures/vertex.ts';
import type { Storage } from '../../../storage/index.ts';
import type { ImageCommits } from '../../images/commit.ts';
import type { SolveDeps, Work } from './perform/solving.ts';
import { Teller } from './perform/teller.ts';
import { placeOf } from './place.ts';
import type { Solved, SolveOptions } from './promise.ts';
import { solveWork } from './solve.ts';
import type { SolvedBuild, SolvedImage } from './solved.ts';

/** What solves need. */
export type SolvesDeps = SolveDeps & {
  readonly storage: Pick<Storage, 'lease'>;
  readonly images: Pick<ImageCommits, 'clear'>;
};

/** Solves that go on, and what was solved as long as somebody has it. */
export class SolveRoom {
  readonly #deps: SolvesDeps;
  /** Told when nothing goes on any more. */
  readonly #atRest: () => void;
  readonly #going = new Map<AbortController, Promise<void>>();
  readonly #results = new Map<string, SolvedImage>();
  readonly #builds = new WeakMap<Solved, SolvedBuild>();

  constructor(deps: SolvesDeps, atRest: () => void) {
    this.#deps = deps;
    this.#atRest = atRest;
  }

  /** What was made for one platform, by its token; undefined: nobody has it any more. */
  result(token: string): SolvedImage | undefined {
    return this.#results.get(token);
  }

  /** All that is known of what it has made. */
  built(solved: Solved): SolvedBuild {
    const build = this.#builds.get(solved);
    if (build === undefined) throw new Error('a result comes from the room that has made it');
    return build;
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
      imported: undefined,
    };
    try {
      const { results, definition } = await solveWork(work, (token) => this.result(token));
      await deps.cache.settle();
      for (const each of results) this.#results.set(each.token, each);
      const held = scope.move();
      const build: SolvedBuild = {
        results,
        multiPlatform: options.multiPlatform,
        answers: new Map(),
        lease,
        definition,
        [Symbol.asyncDispose]: async () => {
          for (const { token } of results) this.#results.delete(token);
          await held.disposeAsync();
        },
      };
      this.#builds.set(build, build);
      return build;
    } catch (error) {
      ending.abort(error);
      await this.#leave();
      throw failureOf(error);
    } finally {
      await Promise.all(work.tidying);
    }
  }

  /** Steps that were done stay done, as far as there is room; what they left besides goes. */
  async #leave(): Promise<void> {
    const { cache, images, log } = this.#deps;
    await cache
      .settle()
      .catch((error: unknown) => log.warn('build.steps-not-kept', { reason: messageOf(error) }));
    await images.clear();
  }

  /** Solves that go on end, and have cleaned up when it resolves. */
  async stop(): Promise<void> {
    for (const ending of this.#going.keys()) ending.abort(vertexFailure.cancelled());
    await Promise.allSettled(this.#going.values());
  }
}

function failureOf(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const place = placeOf(error);
  return place === undefined ? error : new PlacedFailure(error, place);
}
