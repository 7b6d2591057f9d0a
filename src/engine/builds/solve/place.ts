/** Where in a Dockerfile something failed, beside the failure itself: clients show the lines. */
import type { Position } from '../../../formats/dockerfile/instruction.ts';
import type { SourceFile, SourceRange } from '../../../model/build-event.ts';

/** Where it failed. */
export interface SolvePlace {
  /** None: it is not known which lines it was. */
  readonly source: { readonly file: SourceFile; readonly ranges: readonly SourceRange[] } | undefined;
  /** The vertex that failed. */
  readonly vertex: string | undefined;
}

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
