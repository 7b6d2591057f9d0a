/** Failures of builds in BuildKit's manner, as far as they are about builds as such; and where in its file one has failed. */
import { Conflict, InvalidArgument, NotFound } from '../../base/errors.ts';
import { failure, failures } from '../../base/failures.ts';
import type { SourceFile, SourceRange } from '../build-event.ts';

/** Failures of builds in BuildKit's manner. */
export const solveFailure = failures('solve', {
  refTaken: failure(Conflict, ({ ref }: { ref: string }) => `a build ${ref} goes on already`),
  recordMissing: failure(NotFound, ({ ref }: { ref: string }) => `no build ${ref} is known`),
  frontendUnknown: failure(
    InvalidArgument,
    ({ frontend }: { frontend: string }) =>
      `frontend ${frontend} is not there: Dockerfiles are what this engine builds (dockerfile.v0)`,
  ),
  attributeInvalid: failure(
    InvalidArgument,
    ({ name, said, why }: { name: string; said: string; why: string }) =>
      `invalid value for ${name} ${JSON.stringify(said)}: ${why}`,
  ),
  questionUnknown: failure(InvalidArgument, ({ name }: { name: string }) => `unsupported request ${name}`),
  exporterUnknown: failure(
    InvalidArgument,
    ({ type }: { type: string }) => `exporter ${JSON.stringify(type)} could not be found`,
  ),
  sessionMissing: failure(
    InvalidArgument,
    () => 'this build needs files of its client, which has opened no session',
  ),
  definitionForeign: failure(
    InvalidArgument,
    () => 'graphs of operations (LLB) are not built here, but those that an answer of this engine gave',
  ),
  uploadMissing: failure(
    InvalidArgument,
    ({ id }: { id: string }) => `the context of the build ${id} was announced, and has not come`,
  ),
  sessionExists: failure(InvalidArgument, ({ id }: { id: string }) => `session ${id} already exists`),
  refUnknown: failure(NotFound, ({ ref }: { ref: string }) => `no such ref: ${ref}`),
});

/** What failed, and where: clients show the lines of the file. */
export class PlacedFailure extends Error {
  override readonly name = 'PlacedFailure';
  readonly source: { readonly file: SourceFile; readonly ranges: readonly SourceRange[] } | undefined;
  /** The digest of the vertex that failed. */
  readonly vertex: string | undefined;

  /** Its words are those of `cause`. */
  constructor(cause: Error, { source, vertex }: Partial<Pick<PlacedFailure, 'source' | 'vertex'>>) {
    super(cause.message, { cause });
    this.source = source;
    this.vertex = vertex;
  }
}
