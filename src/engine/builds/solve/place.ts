/** Where in a Dockerfile something failed, beside the failure itself: clients show the lines. */
import type { Position } from '../../../formats/dockerfile/instruction.ts';
import type { SourceRange } from '../../../model/build-event.ts';
import type { PlacedFailure } from '../../../model/failures/solve.ts';

/** Where it failed: lines of a file, as far as they are known, and the vertex. */
export type SolvePlace = Pick<PlacedFailure, 'source' | 'vertex'>;

const places = new WeakMap<object, SolvePlace>();

/** Of a failure, or of what caused it; undefined: it has none. */
export function placeOf(error: unknown): SolvePlace | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    const place = places.get(at);
    if (place) return place;
  }
  return undefined;
}

/** The failure, known to have been there; one that has a place keeps it. */
export function placed<T>(error: T, place: SolvePlace): T {
  if (error instanceof Error && placeOf(error) === undefined) places.set(error, place);
  return error;
}

/** As places are told. */
export const rangeOf = ({ line, endLine }: Position): SourceRange => ({ startLine: line, endLine });
