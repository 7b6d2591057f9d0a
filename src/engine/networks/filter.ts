/** Which networks a list or a prune means. */
import { networkFailure } from '../../model/failures/network.ts';
import type { Filters } from '../../model/filters.ts';
import { textsFound } from '../expressions.ts';
import { checkFilterNames, labelFilter } from '../filters.ts';
import type { NetworkEntry } from './catalog.ts';

type Test = (entry: NetworkEntry) => boolean;

const KNOWN = ['dangling', 'driver', 'id', 'label', 'name', 'scope', 'type'];

/**
 * A test for networks. `isUsed`: whether a container is on it.
 * @throws InvalidArgument for a filter or value that lists do not know
 */
export async function listFilter(
  filters: Filters,
  all: readonly NetworkEntry[],
  isUsed: Test,
): Promise<Test> {
  checkFilterNames(filters, KNOWN);
  const dangling = danglingFilter(filters);
  const labels = labelFilter(filters);
  const types = filters.get('type') ?? [];
  for (const value of types)
    if (value !== 'builtin' && value !== 'custom') throw networkFailure.filterTypeInvalid({ value });
  const ids = await found(
    filters,
    'id',
    all.map(({ record }) => record.id),
  );
  const names = await found(
    filters,
    'name',
    all.map(({ record }) => record.name),
  );
  const oneOf = (name: string, text: string): boolean => filters.get(name)?.includes(text) ?? true;
  return (entry) => {
    const { record, predefined } = entry;
    return (
      oneOf('driver', record.driver) &&
      oneOf('scope', 'local') &&
      (types.length === 0 || types.includes(predefined ? 'builtin' : 'custom')) &&
      (ids?.has(record.id) ?? true) &&
      (names?.has(record.name) ?? true) &&
      labels(record.labels) &&
      (dangling === undefined || (predefined || isUsed(entry)) !== dangling)
    );
  };
}

async function found(
  filters: Filters,
  name: string,
  texts: readonly string[],
): Promise<ReadonlySet<string> | undefined> {
  const wanted = filters.get(name) ?? [];
  return wanted.length === 0 ? undefined : await textsFound(texts, wanted);
}

function danglingFilter(filters: Filters): boolean | undefined {
  const values = filters.get('dangling');
  if (values === undefined) return undefined;
  const [value = ''] = values;
  if (values.length === 1 && ['1', 'true'].includes(value)) return true;
  if (values.length === 1 && ['0', 'false'].includes(value)) return false;
  throw networkFailure.danglingInvalid();
}
