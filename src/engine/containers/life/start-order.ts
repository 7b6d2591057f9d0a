/** Which containers start before which. Pure. */

/**
 * Each item once, behind all of those in the list that it comes after, else in the order given. A circle has no such
 * order: it is cut where it closes.
 */
export function inStartOrder<T>(items: readonly T[], after: (item: T) => readonly T[]): T[] {
  const listed = new Set(items);
  const seen = new Set<T>();
  const order: T[] = [];
  const enter = (item: T) => {
    seen.add(item);
    return { item, left: after(item).toReversed() };
  };
  for (const first of listed) {
    if (seen.has(first)) continue;
    // A stack of its own, so that a long chain costs no depth of calls.
    const path = [enter(first)];
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const next = top.left.pop();
      if (next === undefined) {
        order.push(top.item);
        path.pop();
      } else if (listed.has(next) && !seen.has(next)) path.push(enter(next));
    }
  }
  return order;
}
