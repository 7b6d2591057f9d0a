/**
 * Holds what an engine of ours answers, at each version, against the published Swagger documents: what
 * `npm run swagger -- DIRECTORY --answers` does. Needs what the tests with containers need.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Differences, gathered } from '../test/api/documents/differences.ts';
import { startGantry } from '../test/harness/gantry.ts';
import { Published } from '../test/versions/published.ts';
import { go, prepare } from '../test/versions/round.ts';

/** What was heard at all versions together. */
export interface Heard {
  readonly answers: number;
  readonly faults: Differences;
}

/** Starts an engine, asks it everything at each of the versions, and ends it. */
export async function hearAnswers(directory: string, minors: readonly number[]): Promise<Heard> {
  await using ends = new AsyncDisposableStack();
  const gantry = await startGantry({ after: (end) => ends.defer(async () => void (await end())) });
  const execId = await prepare(gantry.api());
  const found: [minor: number, faults: readonly string[]][] = [];
  let answers = 0;
  for (const minor of minors) {
    const document = new Published(readFileSync(join(directory, `v1.${minor}.yaml`), 'utf8'));
    const shown = await go({ gantry, minor, document, execId });
    found.push([minor, shown.faults]);
    answers += shown.answers;
  }
  return { answers, faults: gathered(found) };
}
