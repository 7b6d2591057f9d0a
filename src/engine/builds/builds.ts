/** Builds: what the engine's interface promises of them. */
import { isFailure } from '../../base/failures.ts';
import { stepFailure } from '../../model/failures/step.ts';
import type { Progress } from '../../model/progress.ts';
import { type BuildImageDeps, buildImage } from './build.ts';
import { type KeepWithinDeps, keepWithin } from './cache/keep-within.ts';
import { pruneBuildCache } from './cache/prune.ts';
import { buildCacheUsage } from './cache/usage.ts';
import type { Said } from './output.ts';
import type { BuildOptions, Builds } from './promise.ts';
import { type AllSolvesDeps, createSolves } from './solves.ts';

/** What builds need. */
export type BuildsDeps = BuildImageDeps & KeepWithinDeps & AllSolvesDeps;

/** What must be stopped before the daemon ends. */
export interface StoppableBuilds {
  /** Builds that go on end, and have cleaned up when it resolves. */
  stop(): Promise<void>;
}

/** Of what a quiet build said, so many characters are told when it fails: the last. */
const HELD_CHARS_MAX = 1 << 20;

/** The verbs of builds. */
export function createBuilds(deps: BuildsDeps): Omit<Builds, 'history'> & StoppableBuilds {
  const going = new Set<Going>();
  let trimming = Promise.resolve();
  const trim = (): void => {
    trimming = trimming.then(() => keepWithin(deps));
  };
  const solves = createSolves(deps, trim);
  return {
    solves,
    build: (options) => tracked(options, deps, going, trim),
    cancel(id) {
      for (const each of going) if (each.id === id) each.ending.abort(stepFailure.cancelled());
    },
    async stop() {
      for (const { ending } of going) ending.abort(stepFailure.cancelled());
      await Promise.allSettled([...[...going].map(({ over }) => over), solves.stop()]);
      await trimming;
    },
    prune: (options) => pruneBuildCache(options, deps),
    usage: (matching) => buildCacheUsage(deps, matching),
  };
}

interface Going {
  readonly id: string | undefined;
  readonly ending: AbortController;
  readonly over: Promise<void>;
}

async function* tracked(
  options: BuildOptions,
  deps: BuildsDeps,
  going: Set<Going>,
  trim: () => void,
): AsyncGenerator<Progress, void> {
  const ending = new AbortController();
  const leave = (): void => ending.abort(stepFailure.cancelled());
  options.signal.addEventListener('abort', leave, { once: true });
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const mine: Going = { id: options.id, ending, over };
  going.add(mine);
  try {
    if (options.signal.aborted) leave();
    const messages = buildImage(options, deps, ending);
    yield* told(messages, options.tells);
  } catch (error) {
    if (isFailure(ending.signal.reason, stepFailure.cancelled)) throw ending.signal.reason;
    throw error;
  } finally {
    options.signal.removeEventListener('abort', leave);
    going.delete(mine);
    if (going.size === 0) trim();
    resolve();
  }
}

/** As much of what a build says as its client wants to hear. */
function told(messages: AsyncIterable<Said>, tells: BuildOptions['tells']): AsyncIterable<Progress> {
  switch (tells) {
    case 'all':
      return messages;
    case 'withoutOutput':
      return withoutOutput(messages);
    case 'idAlone':
      return quietly(messages);
    default:
      return tells satisfies never;
  }
}

async function* withoutOutput(messages: AsyncIterable<Said>): AsyncGenerator<Progress, void> {
  for await (const message of messages) if (!message.isOutput) yield message;
}

/** Only the image's id is told; of a build that fails, what it said last. */
async function* quietly(messages: AsyncIterable<Progress>): AsyncGenerator<Progress, void> {
  let held: Progress[] = [];
  let chars = 0;
  let id = '';
  try {
    for await (const message of messages) {
      held.push(message);
      chars += message.stream?.length ?? 0;
      // Seldom, and by halves: each message is looked at a few times at most.
      if (chars > 2 * HELD_CHARS_MAX) [held, chars] = lastOf(held);
      const { ID = '' } = (message.aux ?? {}) as { ID?: string };
      if (ID !== '') id = ID;
    }
  } catch (error) {
    yield* held;
    throw error;
  }
  yield { stream: `${id}\n` };
}

function lastOf(messages: readonly Progress[]): [Progress[], number] {
  let chars = 0;
  let from = messages.length;
  while (from > 0 && chars < HELD_CHARS_MAX) chars += messages[--from]?.stream?.length ?? 0;
  return [messages.slice(from), chars];
}
