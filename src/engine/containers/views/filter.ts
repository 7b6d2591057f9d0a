/** Which containers a list is asked for. Values of one filter are alternatives, but for labels; filters must all hold. */
import type { EngineError } from '../../../base/errors.ts';
import { filterFailure } from '../../../model/failures/filter.ts';
import type { Filters } from '../../../model/filters.ts';
import { textsFound } from '../../expressions.ts';
import { hasLabel } from '../../filters.ts';
import type { Container } from '../container.ts';
import type { WithDirectory, WithImages, WithNetworks } from '../needs.ts';
import type { ListOptions } from '../promise.ts';
import { exitCodeOf, isAlive } from '../state.ts';
import { healthOf } from './health.ts';
import { networksOf } from './inspect.ts';
import { portSummaries } from './port-summaries.ts';

/** What filters of lists look at. */
export type FilterDeps = WithDirectory & WithImages & WithNetworks;

type Test = (container: Container) => boolean;
/** Reads a filter's values once. @throws InvalidArgument, NotFound */
type Filter = (deps: FilterDeps, values: readonly string[], options: ListOptions) => Test | Promise<Test>;

/** A test for all filters at once. @throws InvalidArgument for a filter or value that is not known, NotFound for an unknown `before` or `since` */
export async function containerFilter(deps: FilterDeps, options: ListOptions): Promise<Test> {
  const { all, limit, filters } = options;
  const unknown = [...filters.keys()].find((name) => !Object.hasOwn(known, name));
  if (unknown !== undefined) throw filterFailure.unknown({ name: unknown });
  const tests = await Promise.all(
    [...filters].map(([name, values]) => known[name]?.(deps, values, options) ?? (() => true)),
  );
  // Either of the two says enough about a port.
  tests.push(portsTest(filters));
  // Asking for a state or a number of them looks beyond the running ones.
  const everything = all || (limit ?? 0) > 0 || (filters.get('status')?.length ?? 0) > 0;
  return (container) => (everything || isUp(container)) && tests.every((test) => test(container));
}

const isUp = ({ record: { state } }: Container): boolean => isAlive(state) || state.is === 'restarting';

const anyOf =
  (test: (container: Container, value: string) => boolean): Filter =>
  (_deps, values) =>
  (container) =>
    values.length === 0 || values.some((value) => test(container, value));

/** A filter whose values are words of a list. */
const oneOf = (
  refuse: (word: { readonly value: string; readonly known: readonly string[] }) => EngineError,
  words: readonly string[],
  test: ReturnType<typeof anyOf>,
): Filter => {
  return (deps, values, options) => {
    const wrong = values.find((value) => !words.includes(value));
    if (wrong !== undefined) throw refuse({ value: wrong, known: words });
    return test(deps, values, options);
  };
};

const STATES = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'];
const HEALTHS = ['none', 'starting', 'healthy', 'unhealthy'];

const known: Readonly<Record<string, Filter>> = {
  id: byId,
  name: byName,
  label:
    (_deps, values) =>
    ({ record }) =>
      values.every((value) => hasLabel(record.config.Labels ?? {}, value)),
  status: oneOf(
    filterFailure.statusUnknown,
    STATES,
    anyOf(({ record }, value) => record.state.is === value),
  ),
  exited: byExitCode,
  health: oneOf(
    filterFailure.healthUnknown,
    HEALTHS,
    anyOf(({ record }, value) => healthOf(record) === value),
  ),
  ancestor: byAncestor,
  network: byNetwork,
  volume: anyOf(({ record }, value) =>
    record.mounts.some(({ point }) => (point.Name || point.Source) === value || point.Destination === value),
  ),
  before: (deps, values, options) => {
    const times = createdOf(deps, values, options);
    return ({ record }) => times.every((time) => record.created < time);
  },
  since: (deps, values, options) => {
    const times = createdOf(deps, values, options);
    return ({ record }) => times.every((time) => record.created > time);
  },
  'is-task': isTask,
  // Of Windows; here all are alike.
  isolation: () => () => true,
  publish: (_deps, values) => {
    readPorts('publish', values);
    return () => true;
  },
  expose: (_deps, values) => {
    readPorts('expose', values);
    return () => true;
  },
};

/** Expressions, searched for in the name with and without its slash. */
async function byName({ directory }: FilterDeps, values: readonly string[]): Promise<Test> {
  const names = directory.all().flatMap(({ record: { name } }) => [name, `/${name}`]);
  const found = await textsFound(names, values);
  return ({ record: { name } }) => values.length === 0 || found.has(name) || found.has(`/${name}`);
}

/** The start of an id finds a container only when it is no other's start. */
function byId(deps: FilterDeps, values: readonly string[]): Test {
  const all = deps.directory.all();
  const found = new Set(
    values.flatMap((value) => {
      const those = all.filter(({ id }) => id.startsWith(value));
      return those.length === 1 ? those : [];
    }),
  );
  return (container) => values.length === 0 || found.has(container);
}

function byExitCode(_deps: FilterDeps, values: readonly string[]): Test {
  const codes = values.map((value) => {
    if (!/^[+-]?\d+$/.test(value)) throw filterFailure.exitedNoNumber({ value });
    return Number(value);
  });
  return ({ record: { state } }) =>
    codes.length === 0 ||
    ((state.is === 'exited' || state.is === 'dead') &&
      !state.last.startedAt.startsWith('0001') &&
      codes.includes(exitCodeOf(state.last)));
}

/** The image, or one that was made from it. */
function byAncestor({ images }: FilterDeps, values: readonly string[]): Test {
  const find = (name: string) => {
    try {
      return images.resolve(name);
    } catch {
      return undefined; // there is no such image, and so nothing of it
    }
  };
  const wanted = new Set(values.map((name) => find(name)?.id));
  const descends = (id: string): boolean => {
    const seen = new Set<string>();
    for (let at: string | undefined = id; at !== undefined && !seen.has(at); at = find(at)?.parent) {
      if (wanted.has(at)) return true;
      seen.add(at);
    }
    return false;
  };
  return ({ record }) => values.length === 0 || descends(record.imageId);
}

function byNetwork(deps: FilterDeps, values: readonly string[]): Test {
  return (container) =>
    values.length === 0 ||
    Object.entries(networksOf(deps, container)).some(([name, { NetworkID = '' }]) =>
      values.some((value) => value === name || (NetworkID !== '' && NetworkID.startsWith(value))),
    );
}

const createdOf = (
  { directory }: FilterDeps,
  names: readonly string[],
  { unknownAnchors }: ListOptions,
): string[] =>
  names.flatMap((name) => {
    try {
      return [directory.find(name).record.created];
    } catch (error) {
      if (unknownAnchors === 'refused') throw error;
      return [];
    }
  });

/** Nothing here is a task of a swarm. */
function isTask(_deps: FilterDeps, values: readonly string[]): Test {
  const yes = values.includes('1') || values.includes('true');
  const no = values.includes('0') || values.includes('false');
  if (yes === no) throw filterFailure.isTaskInvalid({ values });
  return () => no;
}

interface PortRange {
  readonly from: number;
  readonly to: number;
  readonly protocol: string;
}

/** `80`, `80/udp`, `8000-8080/tcp`. */
function readPorts(name: string, values: readonly string[]): PortRange[] {
  return values.map((value) => {
    if (value.includes(':')) throw filterFailure.portHasColon({ name, value });
    const [range = '', protocol = 'tcp'] = value.split('/', 2);
    const [first = '', last = first] = range.split('-', 2);
    const refuse = (why: string) => filterFailure.portInvalid({ name, value, why });
    if (range === '') throw refuse('empty string specified for ports.');
    for (const each of [first, last])
      if (!/^\d{1,5}$/.test(each) || Number(each) > 65_535)
        throw refuse(`strconv.ParseUint: parsing ${JSON.stringify(each)}: invalid syntax`);
    if (Number(last) < Number(first)) throw refuse(`invalid range specified for port: ${range}`);
    return { from: Number(first), to: Number(last), protocol };
  });
}

function portsTest(filters: Filters): Test {
  const published = readPorts('publish', filters.get('publish') ?? []);
  const exposed = readPorts('expose', filters.get('expose') ?? []);
  if (published.length + exposed.length === 0) return () => true;
  const within = (ranges: readonly PortRange[], port: number | undefined, protocol: string) =>
    port !== undefined &&
    ranges.some((range) => range.protocol === protocol && port >= range.from && port <= range.to);
  return (container) =>
    portSummaries(container).some(
      ({ PublicPort, PrivatePort, Type }) =>
        within(published, PublicPort, Type) || within(exposed, PrivatePort, Type),
    );
}
