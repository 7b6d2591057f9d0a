/** How filters of lists and prunes compare: labels by key or by key and value, times, yes and no. Pure. */
import { InvalidArgument, messageOf } from '../base/errors.ts';
import type { Nanos } from '../base/time.ts';
import { parseMoment } from '../formats/moment.ts';
import { filterFailure } from '../model/failures/filter.ts';
import type { Filters } from '../model/filters.ts';

/** `key`, or `key=value`. */
export function hasLabel(labels: Readonly<Record<string, string>>, wanted: string): boolean {
  const at = wanted.indexOf('=');
  const key = at < 0 ? wanted : wanted.slice(0, at);
  return Object.hasOwn(labels, key) && (at < 0 || labels[key] === wanted.slice(at + 1));
}

/** @throws InvalidArgument for a filter that is none of `known` */
export function checkFilterNames(filters: Filters, known: readonly string[]): void {
  const unknown = [...filters.keys()].find((name) => !known.includes(name));
  if (unknown !== undefined) throw filterFailure.unknown({ name: unknown });
}

/** What the filters `label` and `label!` leave: all that is wanted, and not all that is spared. */
export function labelFilter(filters: Filters): (labels: Readonly<Record<string, string>>) => boolean {
  const [wanted, spared] = [filters.get('label') ?? [], filters.get('label!') ?? []];
  return (labels) => {
    const has = (label: string) => hasLabel(labels, label);
    return wanted.every(has) && !(spared.length > 0 && spared.every(has));
  };
}

/** The filter `until`: what was created later is spared. Undefined: not asked for. @throws InvalidArgument */
export function untilFilter(filters: Filters, now: Nanos): Nanos | undefined {
  const values = filters.get('until') ?? [];
  const [value] = values;
  if (value === undefined) return undefined;
  if (values.length > 1) throw filterFailure.untilTwice();
  try {
    return parseMoment(value, now);
  } catch (error) {
    throw new InvalidArgument(messageOf(error), { cause: error });
  }
}

/** A yes-or-no filter of one value. Undefined: not asked for. @throws InvalidArgument */
export function booleanFilter(filters: Filters, name: string): boolean | undefined {
  const values = filters.get(name);
  if (values === undefined) return undefined;
  const [value = ''] = values;
  if (values.length === 1 && ['1', 'true'].includes(value)) return true;
  if (values.length === 1 && ['0', 'false'].includes(value)) return false;
  throw filterFailure.valuesInvalid({ name, values });
}
