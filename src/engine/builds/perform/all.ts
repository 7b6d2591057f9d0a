/** Performs the stages that the target needs, side by side, and tells what they say in the order of the Dockerfile. */
import { Messages, type Said, type Say } from '../output.ts';
import type { Building, StageResult } from './shared.ts';
import { type Numbering, performStage } from './stage.ts';

/** A build whose stages nobody can ask for yet. */
export type Prepared = Omit<Building, 'stage' | 'signal'>;

/**
 * Yields messages; the target's result is returned. `ending` is aborted when a stage fails or the reader leaves; all
 * stages have cleaned up when this is over.
 * @throws what the first stage that failed threw
 */
export async function* performAll(
  prepared: Prepared,
  ending: AbortController,
): AsyncGenerator<Said, StageResult> {
  const { plan } = prepared;
  const numbers = numberingOf(prepared);
  const outputs = new Map([...plan.needed].toSorted((a, b) => a - b).map((index) => [index, new Messages()]));
  const results = new Map<number, Promise<StageResult>>();
  const building: Building = { ...prepared, signal: ending.signal, stage };
  let failure: { readonly index: number; readonly error: unknown } | undefined;

  function stage(index: number, say: Say): Promise<StageResult> {
    const known = results.get(index);
    if (known) return known;
    const output = outputs.get(index);
    const stagePlan = plan.stages[index];
    const number = numbers.get(index) ?? { first: 0, total: 0, labels: [] };
    if (stagePlan === undefined) throw new Error('a stage that is asked for is in the plan');
    const result = performStage(building, stagePlan, number, output?.say ?? say)
      .catch((error: unknown) => {
        failure ??= { index, error };
        ending.abort(error);
        throw error;
      })
      .finally(() => output?.end());
    result.catch(() => undefined); // told below
    results.set(index, result);
    return result;
  }

  let done = false;
  try {
    for (const [index, output] of outputs) void stage(index, output.say);
    for (const [index, output] of outputs) {
      if (failure !== undefined && index > failure.index) break; // the last that is told is what failed
      yield* output;
    }
    await Promise.allSettled(results.values());
    if (failure) throw failure.error;
    const made = await stage(plan.target, async () => undefined);
    done = true;
    return made;
  } finally {
    if (!done) ending.abort(new Error('the reader left'));
    for (const output of outputs.values()) output.end();
    await Promise.allSettled(results.values());
    await Promise.all(prepared.tidying);
  }
}

/** Steps are counted over all that is done, as if it were done one after the other. */
function numberingOf({ plan, options, metaCount, total }: Prepared): Map<number, Numbering> {
  const labels = Object.entries(options.labels).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const numbers = new Map<number, Numbering>();
  let first = metaCount + 1;
  for (const { index, stage } of plan.stages) {
    if (!plan.needed.has(index)) continue;
    numbers.set(index, { first, total, labels: index === plan.target ? labels : [] });
    first += 1 + stage.instructions.length;
  }
  return numbers;
}
