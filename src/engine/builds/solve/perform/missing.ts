/** Files that a step wants and that are not there. */
import { inContext } from '../../../../base/errors.ts';
import { vertexContext, vertexFailure } from '../../../../model/failures/vertex.ts';

/** In BuildKit's words, which clients know. `vertex`: the step's digest. */
export function missing(path: string, vertex: string): unknown {
  const id = vertex.slice('sha256:'.length);
  const failure = inContext(
    vertexFailure.notFound({ path }),
    vertexContext.checksum({ ref: `${id.slice(0, 25)}::${id.slice(25, 50)}` }),
  );
  return inContext(failure, vertexContext.cacheKey());
}
