/** Why what is answered at 1.25 and later is not in every point what the published Swagger document of that version says. */
import type { Reason } from '../../test/api/documents/differences.ts';

/** Lines as `test/versions/published.ts` makes them. */
export const answerReasons: readonly Reason[] = [];
