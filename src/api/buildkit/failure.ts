/** Failures of the engine as ones of gRPC: clients match the words, and show the lines of the file that details name. */
import { EngineError, type ErrorKind, messageOf } from '../../base/errors.ts';
import type { SourceRange } from '../../model/build-event.ts';
import { PlacedFailure } from '../../model/failures/solve.ts';
import { Code, type Detail, GrpcError } from './grpc/status.ts';

/** Clients put the code's name before the words, once more on each way, of any code but this: BuildKit's failures have none. */
const CODES: Readonly<Record<ErrorKind, number>> = {
  invalid: Code.unknown,
  unauthorized: Code.unknown,
  forbidden: Code.permissionDenied,
  notFound: Code.unknown,
  conflict: Code.unknown,
  unchanged: Code.unknown,
  notImplemented: Code.unimplemented,
  unavailable: Code.unavailable,
  internal: Code.unknown,
};

/** What was thrown, as gRPC tells it. */
export function failureOf(error: unknown): GrpcError {
  if (error instanceof GrpcError) return error;
  if (error instanceof PlacedFailure) {
    // The words are BuildKit's own, which come without a code.
    return new GrpcError(Code.unknown, error.message, placesOf(error), { cause: error });
  }
  const code = error instanceof EngineError ? CODES[error.kind] : Code.unknown;
  return new GrpcError(code, messageOf(error), [], { cause: error });
}

const TYPES = 'github.com/moby/buildkit';

function placesOf({ source, vertex }: PlacedFailure): Detail[] {
  const places: Detail[] = [];
  if (vertex !== undefined) places.push({ type: `${TYPES}/errdefs.Vertex+json`, json: { digest: vertex } });
  if (source) {
    const { filename, bytes, language } = source.file;
    const info = { filename, data: bytes.toString('base64'), language };
    places.push({
      type: `${TYPES}/errdefs.Source+json`,
      json: { info, ranges: source.ranges.map(rangeOf) },
    });
  }
  return places;
}

/** What a failure to answer a question of a frontend is told by. */
export const unsupportedQuestion = (name: string): GrpcError =>
  new GrpcError(Code.unknown, `unsupported request ${name}`, [
    { type: `${TYPES}/errdefs.Subrequest+json`, json: { name } },
  ]);

/** As messages and details have it. */
export const rangeOf = ({ startLine, startColumn = 0, endLine, endColumn = 0 }: SourceRange) => ({
  start: { line: startLine, character: startColumn },
  end: { line: endLine, character: endColumn },
});
