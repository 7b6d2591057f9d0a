/** Which volumes a list or a prune means. */
import { InvalidArgument } from '../../base/errors.ts';
import type { Filters } from '../../model/filters.ts';
import type { VolumeRow } from '../../storage/index.ts';
import { hasLabel, matchesName } from '../filters.ts';

/** Nobody gave the volume a name: newer engines mark it so. */
export const ANONYMOUS = 'com.docker.volume.anonymous';
export const DRIVER = 'local';

type Test = (row: VolumeRow) => boolean;

/** @throws InvalidArgument for a filter or value that lists do not know */
export function listFilter(filters: Filters, isUsed: (name: string) => boolean): Test {
  checkNames(filters, ['dangling', 'driver', 'label', 'name']);
  const dangling = filters.has('dangling') ? boolOf('dangling', filters) : undefined;
  const tests: Test[] = [labelTest(filters)];
  const drivers = filters.get('driver') ?? [];
  if (drivers.length > 0) tests.push(() => drivers.includes(DRIVER));
  const names = filters.get('name') ?? [];
  if (names.length > 0) tests.push(({ name }) => names.some((each) => matchesName(name, each)));
  if (dangling !== undefined) tests.push(({ name }) => isUsed(name) !== dangling);
  return (row) => tests.every((test) => test(row));
}

/** Of volumes that nobody uses: those without a name, or with `all` every one. @throws InvalidArgument */
export function pruneFilter(filters: Filters): Test {
  checkNames(filters, ['all', 'label', 'label!']);
  const values = filters.get('all') ?? [];
  if (values.length > 1)
    throw new InvalidArgument(`invalid filter 'all=[${values.join(' ')}]': only one value is expected`);
  const everything = values.length === 1 && boolOf('all', filters);
  const labels = labelTest(filters);
  return (row) => labels(row) && (everything || hasLabel(row.labels ?? {}, ANONYMOUS));
}

function labelTest(filters: Filters): Test {
  const wanted = filters.get('label') ?? [];
  const unwanted = filters.get('label!') ?? [];
  return ({ labels }) =>
    wanted.every((each) => hasLabel(labels ?? {}, each)) &&
    !(unwanted.length > 0 && unwanted.every((each) => hasLabel(labels ?? {}, each)));
}

function checkNames(filters: Filters, known: readonly string[]): void {
  const unknown = [...filters.keys()].find((name) => !known.includes(name));
  if (unknown !== undefined) throw new InvalidArgument(`invalid filter '${unknown}'`);
}

/** As filters say yes and no. */
function boolOf(name: string, filters: Filters): boolean {
  const values = filters.get(name) ?? [];
  const [value = ''] = values;
  if (values.length === 1 && ['1', 'true'].includes(value)) return true;
  if (values.length === 1 && ['0', 'false'].includes(value)) return false;
  throw new InvalidArgument(`invalid filter '${name}=[${values.join(' ')}]'`);
}
