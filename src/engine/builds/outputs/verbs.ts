/** What is done with results: exported, or looked into by their tokens. */
import { outputFailure } from '../../../model/failures/output.ts';
import type { Solves } from '../solve/promise.ts';
import type { SolvedImage } from '../solve/solved.ts';
import { checkCaches } from './cache.ts';
import { type ExportDeps, exportSolved } from './export.ts';
import { listResult, type ReadDeps, readResult, statResult } from './read.ts';

/** What all of that needs. */
export type OutputDeps = ExportDeps & ReadDeps;

/** `find`: a result that somebody still has. */
export function outputVerbs(
  deps: OutputDeps,
  find: (token: string) => SolvedImage | undefined,
): Omit<Solves, 'solve'> {
  const result = (token: string): SolvedImage => {
    const found = find(token);
    if (!found) throw outputFailure.tokenUnknown({ token });
    return found;
  };
  return {
    checkCaches,
    export: async ({ results, multiPlatform }, options) =>
      await exportSolved(
        { results: results.map(({ token }) => result(token)), multiPlatform },
        options,
        deps,
      ),
    readFile: async (token, path, options) => await readResult(result(token).image, path, options, deps),
    readDirectory: async (token, path, signal) => await listResult(result(token).image, path, signal, deps),
    stat: async (token, path, signal) => await statResult(result(token).image, path, signal, deps),
  };
}
