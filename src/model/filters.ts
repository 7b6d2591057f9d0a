/** Filters of lists and events: for each name the values of which one must match. */
export type Filters = ReadonlyMap<string, readonly string[]>;
