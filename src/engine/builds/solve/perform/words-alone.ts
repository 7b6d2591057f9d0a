/** What a vertex is told to have failed by. */
import { EngineError, messageOf } from '../../../../base/errors.ts';
import { vertexContext } from '../../../../model/failures/vertex.ts';

/** Looking for what is in the cache: that is how it was found out, and no word of the vertex. */
const TRIED: readonly unknown[] = [vertexContext.cacheKey.code, vertexContext.loadCacheKey.code];

/** Its own words, not what all was tried. */
export function wordsAlone(error: unknown): string {
  if (!(error instanceof EngineError)) return messageOf(error);
  const context = error.context.filter(({ code }) => !TRIED.includes(code));
  return [...context, { words: error.words }].map(({ words }) => words).join(': ');
}
