/** `docker ps`: which containers, and each in a few words. From memory. */
import { InvalidArgument } from '../../base/errors.ts';
import type { ContainerSummary, PortSummary } from '../../model/container.ts';
import type { Filters } from '../../model/filters.ts';
import type { ListOptions } from '../engine.ts';
import type { Container } from './container.ts';
import type { ContainersDeps } from './deps.ts';
import { humanDuration } from './duration.ts';
import { endpointSettings, mountPoints, sizes } from './inspect.ts';
import { exitCodeOf, isAlive, type State } from './state.ts';

export async function listContainers(
  deps: ContainersDeps,
  options: ListOptions,
): Promise<ContainerSummary[]> {
  const wanted = containerFilter(deps, options);
  const chosen = deps.directory.all().filter(wanted);
  const limit = options.limit !== undefined && options.limit > 0 ? options.limit : chosen.length;
  return await Promise.all(chosen.slice(0, limit).map((container) => summary(deps, container, options)));
}

async function summary(
  deps: ContainersDeps,
  container: Container,
  options: Pick<ListOptions, 'size'>,
): Promise<ContainerSummary> {
  const { record } = container;
  return {
    Id: record.id,
    Names: [`/${record.name}`],
    Image: imageName(deps, container),
    ImageID: record.imageId,
    Command: [record.path, ...record.args.map(quoted)].join(' '),
    Created: Math.floor(Date.parse(record.created) / 1000),
    Ports: portSummaries(container),
    ...(options.size ? await sizes(deps, container) : {}),
    Labels: record.config.Labels ?? {},
    State: record.state.is,
    Status: statusText(record.state, deps.now()),
    HostConfig: { NetworkMode: record.hostConfig.NetworkMode ?? '' },
    NetworkSettings: {
      Networks: record.hostConfig.NetworkMode?.startsWith('container:')
        ? {}
        : { [record.hostConfig.NetworkMode || 'bridge']: endpointSettings(deps, container) },
    },
    Mounts: mountPoints(container),
  };
}

/** In lists an argument that holds a blank is told apart by quotes; that it may hold quotes too is not minded. */
const quoted = (argument: string): string => (argument.includes(' ') ? `'${argument}'` : argument);

/** The name it was made from, unless that name means another image by now. */
function imageName(deps: ContainersDeps, container: Container): string {
  const { config, imageId } = container.record;
  try {
    return deps.images.resolve(config.Image ?? '').id === imageId ? (config.Image ?? imageId) : imageId;
  } catch {
    return config.Image ?? imageId;
  }
}

function portSummaries(container: Container): PortSummary[] {
  const { endpoint, config, state } = container.record;
  if (!isAlive(state)) return [];
  const published = (endpoint?.ports ?? []).map(({ protocol, containerPort, hostIp, hostPort }) => ({
    IP: hostIp || '0.0.0.0',
    PrivatePort: containerPort,
    PublicPort: hostPort,
    Type: protocol,
  }));
  const exposed = Object.keys(config.ExposedPorts ?? {}).map((port) => {
    const [number = '', protocol = 'tcp'] = port.split('/');
    return { PrivatePort: Number(number), Type: protocol };
  });
  return [
    ...exposed.filter(
      ({ PrivatePort, Type }) =>
        !published.some((each) => each.PrivatePort === PrivatePort && each.Type === Type),
    ),
    ...published,
  ];
}

const secondsSince = (text: string, now: Date): number => (now.getTime() - Date.parse(text)) / 1000;

/** `Up 3 minutes`, `Exited (1) 2 hours ago`: in the words that people and scripts read. */
export function statusText(state: State, now: Date): string {
  switch (state.is) {
    case 'created':
      return 'Created';
    case 'running':
      return `Up ${humanDuration(secondsSince(state.startedAt, now))}`;
    case 'paused':
      return `Up ${humanDuration(secondsSince(state.startedAt, now))} (Paused)`;
    case 'restarting':
      return `Restarting (${exitCodeOf(state.last)}) ${humanDuration(secondsSince(state.last.finishedAt, now))} ago`;
    case 'exited':
      return state.last.finishedAt.startsWith('0001')
        ? 'Created'
        : `Exited (${exitCodeOf(state.last)}) ${humanDuration(secondsSince(state.last.finishedAt, now))} ago`;
    case 'removing':
      return 'Removal In Progress';
    case 'dead':
      return 'Dead';
    default:
      return state satisfies never;
  }
}

const STATUSES = ['created', 'restarting', 'running', 'removing', 'paused', 'exited', 'dead'];
type Test = (container: Container, value: string) => boolean;

/** @throws InvalidArgument for a filter or value that is not known, NotFound for an unknown `before` or `since` */
function containerFilter(
  deps: ContainersDeps,
  { all, limit, filters, before, since }: ListOptions,
): (container: Container) => boolean {
  const tests = filterTests(deps, filters);
  const than = (names: readonly (string | undefined)[]) =>
    names.filter((name) => name !== undefined).map((name) => deps.directory.find(name).record.created);
  const olderThan = than([before, ...(filters.get('before') ?? [])]);
  const newerThan = than([since, ...(filters.get('since') ?? [])]);
  // Asking for a state, an exit code or a number of them looks beyond the running ones.
  const everything =
    all ||
    (limit ?? 0) > 0 ||
    before !== undefined ||
    since !== undefined ||
    filters.has('status') ||
    filters.has('exited');
  return (container) => {
    const { state, created } = container.record;
    if (!everything && !isAlive(state) && state.is !== 'restarting') return false;
    if (!olderThan.every((each) => created < each) || !newerThan.every((each) => created > each))
      return false;
    return tests.every((test) => test(container));
  };
}

function filterTests(deps: ContainersDeps, filters: Filters): ((container: Container) => boolean)[] {
  const known: Readonly<Record<string, Test>> = {
    id: ({ id }, value) => id.startsWith(value),
    name: ({ record }, value) => matches(`/${record.name}`, value) || matches(record.name, value),
    label: ({ record }, value) => hasLabel(record.config.Labels ?? {}, value),
    status: ({ record }, value) => record.state.is === value,
    exited: ({ record }, value) =>
      record.state.is === 'exited' && exitCodeOf(record.state.last) === Number(value),
    ancestor: ({ record }, value) =>
      record.imageId === imageIdOf(deps, value) || record.config.Image === value,
    network: ({ record }, value) => record.hostConfig.NetworkMode === value || deps.network?.id === value,
    volume: ({ record }, value) =>
      record.mounts.some(
        ({ point }) => point.Name === value || point.Source === value || point.Destination === value,
      ),
    publish: (container, value) =>
      portSummaries(container).some(({ PublicPort, Type }) => portMatches(PublicPort, Type, value)),
    expose: ({ record }, value) =>
      Object.keys(record.config.ExposedPorts ?? {}).some((port) =>
        portMatches(Number(port.split('/')[0]), port.split('/')[1] ?? 'tcp', value),
      ),
    health: (_container, value) => value === 'none',
    'is-task': (_container, value) => ['false', '0'].includes(value.toLowerCase()),
    isolation: (_container, value) => value === 'default',
    before: () => true,
    since: () => true,
  };
  return [...filters].map(([name, values]) => {
    const test = known[name];
    if (test === undefined) throw new InvalidArgument(`invalid filter '${name}'`);
    if (name === 'status')
      for (const value of values)
        if (!STATUSES.includes(value)) throw new InvalidArgument(`invalid filter 'status=${value}'`);
    if (name === 'exited')
      for (const value of values)
        if (!/^-?\d+$/.test(value)) throw new InvalidArgument(`invalid filter 'exited=${value}'`);
    // Every label must be there; of other filters one value must hold.
    return (container: Container) =>
      name === 'label'
        ? values.every((value) => test(container, value))
        : values.length === 0 || values.some((value) => test(container, value));
  });
}

/** A regular expression, as `docker ps --filter name=` takes it; what is none is searched for as it stands. */
function matches(name: string, pattern: string): boolean {
  // Nested repetition could take for ever on a crafted pattern; without it the search is short on a short name.
  if (/[+*}]\)?[+*{]|\([^)]*[+*][^)]*\)[+*{]/.test(pattern) || pattern.length > 128)
    return name.includes(pattern);
  try {
    return new RegExp(pattern).test(name);
  } catch {
    return name.includes(pattern);
  }
}

function hasLabel(labels: Readonly<Record<string, string>>, wanted: string): boolean {
  const at = wanted.indexOf('=');
  return at < 0 ? wanted in labels : labels[wanted.slice(0, at)] === wanted.slice(at + 1);
}

function imageIdOf(deps: ContainersDeps, name: string): string | undefined {
  try {
    return deps.images.resolve(name).id;
  } catch {
    return undefined;
  }
}

/** `80`, `80/tcp`, `8000-8080`. */
function portMatches(port: number | undefined, protocol: string, wanted: string): boolean {
  const [range = '', wantedProtocol = protocol] = wanted.split('/');
  const [from = '', to = from] = range.split('-');
  return port !== undefined && wantedProtocol === protocol && port >= Number(from) && port <= Number(to);
}
