/** Files that a step wants and that are not there. */
import { inContext } from '../../../../base/errors.ts';
import { vertexContext, vertexFailure } from '../../../../model/failures/vertex.ts';

/** In BuildKit's words, which clients know. `from`: where they were looked for. */
export const missing = (path: string, from: string): unknown =>
  inContext(
    inContext(vertexFailure.notFound({ path }), vertexContext.checksum({ ref: from })),
    vertexContext.cacheKey(),
  );
