/** Which events a subscriber wants. Values of one filter are alternatives; different filters must all hold. */

import type { EventMessage } from '../../model/event.ts';
import { filterFailure } from '../../model/failures/filter.ts';
import type { Filters } from '../../model/filters.ts';

type Test = (event: EventMessage, value: string) => boolean;

const named =
  (type: string): Test =>
  ({ Type, Actor }, value) =>
    Type === type && (Actor.ID === value || Actor.Attributes.name === value || Actor.ID.startsWith(value));

const tests: Readonly<Record<string, Test>> = {
  // `exec_start: sh` is found by `exec_start` too.
  event: ({ Action }, value) => Action === value || Action.startsWith(`${value}:`),
  type: ({ Type }, value) => Type === value,
  container: named('container'),
  image: (event, value) => {
    if (event.Type === 'container') return sameImage(event.Actor.Attributes.image ?? '', value);
    const { ID, Attributes } = event.Actor;
    return event.Type === 'image' && [ID, Attributes.name ?? ID].some((name) => sameImage(name, value));
  },
  volume: named('volume'),
  network: named('network'),
  daemon: named('daemon'),
  plugin: named('plugin'),
  config: named('config'),
  secret: named('secret'),
  service: named('service'),
  node: named('node'),
  scope: ({ scope }, value) => scope === value,
  label: ({ Actor }, value) => {
    const [key = '', ...rest] = value.split('=');
    return rest.length === 0 ? key in Actor.Attributes : Actor.Attributes[key] === rest.join('=');
  },
};

/** `busybox` finds `busybox:latest` and the reverse. */
const sameImage = (name: string, wanted: string): boolean =>
  name === wanted || repositoryOf(name) === wanted || name === repositoryOf(wanted);

/** A tag comes after the last slash: before it a colon is a port's. */
const repositoryOf = (name: string): string => name.replace(/@.*$/, '').replace(/:[^:/]*$/, '');

/** A test for all filters at once. @throws InvalidArgument for a filter that events do not know */
export function eventFilter(filters: Filters): (event: EventMessage) => boolean {
  for (const name of filters.keys()) if (!(name in tests)) throw filterFailure.unknown({ name });
  return (event) =>
    [...filters].every(
      ([name, values]) => values.length === 0 || values.some((value) => tests[name]?.(event, value)),
    );
}
