/** Which of the tree threads does a task. Pure. */

/** What a thread has to do, and what of that are removals. */
export interface Load {
  readonly tasks: number;
  readonly removals: number;
}

/**
 * The least busy one; undefined: another is to be started. Disks take their time over the removal of many files (half a
 * minute for 20,000 was seen), so nothing else ever waits behind one: removals gather on one thread, which may be one
 * more than `most`.
 */
export function threadFor<T extends Load>(
  threads: readonly T[],
  removes: boolean,
  most: number,
): T | undefined {
  const removing = threads.find(({ removals }) => removals > 0);
  if (removes && removing) return removing;
  const others = threads.filter((thread) => thread !== removing).sort((a, b) => a.tasks - b.tasks);
  const [first] = others;
  if (first?.tasks === 0) return first;
  return removes || others.length < most ? undefined : first;
}
