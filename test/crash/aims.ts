/** At which system calls of which deeds a campaign kills. */
import assert from 'node:assert/strict';
import type { Step } from './trace.ts';

/** A deed, and the step of it that is met. */
export interface Aim<Deed> {
  readonly deed: Deed;
  readonly step: Step;
}

/**
 * Every step, or as many as wanted of deeds that `turn` tells for each number: first a thread and a call of it, then which
 * time; what is done often would hide what is done once.
 */
export function* aimsAt<Deed>(
  known: ReadonlyMap<Deed, readonly Step[]>,
  kills: number | 'all',
  random: () => number,
  turn: (number: number) => Deed,
): Generator<Aim<Deed>, void> {
  if (kills === 'all') {
    for (const [deed, steps] of known) for (const step of steps) yield { deed, step };
    return;
  }
  const one = <T>(some: readonly T[]): T => some[Math.floor(random() * some.length)] ?? assert.fail('none');
  for (let i = 0; i < kills; i++) {
    const deed = turn(i);
    const kinds = Map.groupBy(known.get(deed) ?? [], ({ thread, call }) => `${thread} ${call}`);
    yield { deed, step: one(one([...kinds.values()])) };
  }
}
