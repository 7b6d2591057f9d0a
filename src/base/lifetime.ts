/** Undo by scope: steps register their reverse, and a failure runs the reverses, newest first. */

/**
 * Runs `work` with a stack that undoes whatever it registered, unless the work succeeds.
 * @throws what `work` threw; a failing undo step is attached as a SuppressedError, never swallowed.
 */
export async function undoUnlessDone<T>(work: (undo: AsyncDisposableStack) => Promise<T>): Promise<T> {
  await using undo = new AsyncDisposableStack();
  const result = await work(undo);
  undo.move(); // success: what was made is kept
  return result;
}
