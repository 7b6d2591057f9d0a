/** One version of the API, composed once from the steps that came after it. */
import { applied, type FailedCall, type Failure, type ToldFailure, toldFailure } from './failure.ts';
import type { Doc, Lens } from './lens.ts';
import type { Lenses, MessageLens, Step, Version } from './step.ts';
import { minorOf } from './step.ts';
import { newestTraits, type Traits } from './traits.ts';

type Shaped = Pick<Lens, 'shape' | 'erase'>;

/** How one version of the API is spoken. */
export class Dialect {
  readonly version: Version;
  readonly traits: Traits;
  /** The steps after this version, oldest first. */
  readonly #later: readonly Step[];
  /** The routes that this version or one before it no longer has. */
  readonly #gone: ReadonlySet<string>;
  readonly #cache = new Map<string, readonly unknown[]>();

  /** `restored`: steps whose omissions are put back into the answers, though the version is not below them. */
  constructor(version: Version, steps: readonly Step[], restored: readonly Step[] = []) {
    this.version = version;
    const isLater = (step: Step): boolean => minorOf(step.version) > minorOf(version);
    this.#later = [...restored.map(restoring), ...steps.filter(isLater)];
    this.#gone = new Set(steps.filter((step) => !isLater(step)).flatMap(({ removes = [] }) => removes));
    this.traits = Object.assign({}, newestTraits, ...this.#later.toReversed().map((step) => step.before));
  }

  /** Erase before carrying: what an old field becomes must survive a later step that calls its new home new. */
  request(route: string, doc: Doc): void {
    const lenses = this.#of<Lens>(route, 'requests');
    for (const lens of lenses) lens.erase?.(doc);
    for (const lens of lenses) lens.up?.(doc);
  }

  /** Carry back from the newest step to the oldest, then erase: an older form may be made of what is erased. */
  response(route: string, doc: Doc): void {
    const lenses = this.#of<Lens>(route, 'responses');
    for (let i = lenses.length - 1; i >= 0; i--) lenses[i]?.down?.(doc);
    for (const lens of lenses) lens.erase?.(doc);
  }

  /** One message of a stream; undefined when clients of this version do not get it. */
  message(route: string, message: Record<string, unknown>): Record<string, unknown> | undefined {
    const lenses = this.#of<MessageLens>(route, 'messages');
    let told: Record<string, unknown> | undefined = message;
    for (let i = lenses.length - 1; i >= 0 && told; i--) told = lenses[i]?.down(told);
    return told;
  }

  /** A failure as clients of this version are told of it. */
  failure(newest: Failure, call: FailedCall): ToldFailure {
    let failure = newest;
    for (const step of this.#later.toReversed())
      for (const lens of step.failures ?? []) failure = applied(failure, lens.down(failure, call));
    return toldFailure(failure);
  }

  /** Carries the shape of today's request back to this version's. */
  requestShape(route: string, shape: Doc): void {
    this.#carryBack(this.#of<Lens>(route, 'requests'), shape);
  }

  /** The same for the shape of an answer, whose messages have lenses of their own. */
  responseShape(route: string, shape: Doc): void {
    this.#carryBack(this.#of<Lens>(route, 'responses'), shape);
    this.#carryBack(this.#of<MessageLens>(route, 'messages'), shape);
  }

  /** The statuses of failures that this version's clients must expect, made of those of today. */
  statuses(route: string, newest: readonly number[]): readonly number[] {
    const told = new Set(newest);
    for (const step of this.#later.toReversed())
      for (const lens of step.failures ?? []) lens.statuses?.(route, told);
    return [...told].sort((a, b) => a - b);
  }

  /** Those of them that come as a JSON text. */
  jsonTexts(route: string): readonly number[] {
    const lenses = this.#later.flatMap(({ failures = [] }) => failures);
    return lenses.flatMap(({ jsonText }) => (jsonText?.route === route ? [jsonText.status] : []));
  }

  /** As for documents: first carried from the newest step to the oldest, then erased. */
  #carryBack(lenses: readonly Shaped[], shape: Doc): void {
    const carrying = lenses.toReversed().filter(({ erase }) => erase === undefined);
    for (const { shape: change } of [...carrying, ...lenses.filter(({ erase }) => erase)])
      if (change !== 'none') change(shape);
  }

  /** Whether the document of this version has the route: it came with a later one, or had gone by then, otherwise. */
  documents(route: string): boolean {
    return !this.#later.some(({ adds = [] }) => adds.includes(route)) && !this.#gone.has(route);
  }

  /** True when nothing is between this version and the newest for the route's answers: they need no copy. */
  plainAnswer(route: string): boolean {
    return this.#of<Lens>(route, 'responses').length === 0;
  }

  #of<T>(route: string, side: 'requests' | 'responses' | 'messages'): readonly T[] {
    const key = `${side} ${route}`;
    let lenses = this.#cache.get(key);
    if (!lenses) {
      lenses = this.#later.flatMap(
        (step) => (step[side] as Record<string, readonly unknown[]> | undefined)?.[route] ?? [],
      );
      this.#cache.set(key, lenses);
    }
    return lenses as readonly T[];
  }
}

/** Of a step only what puts back into answers what it left out. */
function restoring({ version, summary, requests, responses, messages }: Step): Step {
  const of = (lenses: Lenses = {}): Lenses =>
    Object.fromEntries(
      Object.entries(lenses).map(([route, all]) => [route, all.filter((lens: Lens) => lens.restores)]),
    );
  const told = Object.entries(messages ?? {}).map(
    ([route, all]) => [route, all.filter((lens: MessageLens) => lens.restores)] as const,
  );
  return {
    version,
    summary,
    requests: of(requests),
    responses: of(responses),
    messages: Object.fromEntries(told),
  };
}
