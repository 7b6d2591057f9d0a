/** Patience with clients that are asked something small. */

/** So long a client may take over a question that it answers itself. */
const ANSWER_MS = 30_000;

/** What is there when the client neither answers nor goes. */
export const soon = (signal: AbortSignal): AbortSignal =>
  AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
