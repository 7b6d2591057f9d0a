/** Which volumes a list or a prune means. */
import { filterFailure } from '../../model/failures/filter.ts';
import type { Filters } from '../../model/filters.ts';
import type { VolumeRow } from '../../storage/index.ts';
import { textsFound } from '../expressions.ts';
import { booleanFilter, checkFilterNames, hasLabel, labelFilter } from '../filters.ts';

/** Nobody gave the volume a name: newer engines mark it so. */
export const ANONYMOUS = 'com.docker.volume.anonymous';
export const DRIVER = 'local';

type Test = (row: VolumeRow) => boolean;

/** A test for the volumes of these names. @throws InvalidArgument for a filter or value that lists do not know */
export async function listFilter(
  filters: Filters,
  all: readonly string[],
  isUsed: (name: string) => boolean,
): Promise<Test> {
  checkFilterNames(filters, ['dangling', 'driver', 'label', 'name']);
  const dangling = booleanFilter(filters, 'dangling');
  const labels = labelFilter(filters);
  const tests: Test[] = [(row) => labels(row.labels ?? {})];
  const drivers = filters.get('driver') ?? [];
  if (drivers.length > 0) tests.push(() => drivers.includes(DRIVER));
  const names = filters.get('name') ?? [];
  if (names.length > 0) {
    const found = await textsFound(all, names);
    tests.push(({ name }) => found.has(name));
  }
  if (dangling !== undefined) tests.push(({ name }) => isUsed(name) !== dangling);
  return (row) => tests.every((test) => test(row));
}

/** Of volumes that nobody uses: those without a name, or with `all` every one. @throws InvalidArgument */
export function pruneFilter(filters: Filters): Test {
  checkFilterNames(filters, ['all', 'label', 'label!']);
  const values = filters.get('all') ?? [];
  if (values.length > 1) throw filterFailure.valuesTooMany({ name: 'all', values });
  const everything = values.length === 1 && booleanFilter(filters, 'all') === true;
  const labels = labelFilter(filters);
  return (row) => labels(row.labels ?? {}) && (everything || hasLabel(row.labels ?? {}, ANONYMOUS));
}
