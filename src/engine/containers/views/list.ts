/** `docker ps`: which containers, and each in a few words. From memory. */
import type { ContainerSummary, Health } from '../../../model/container.ts';
import type { Container } from '../container.ts';
import { allNames, linkNames } from '../links/links.ts';
import type { WithImages, WithLayers } from '../needs.ts';
import type { ListOptions } from '../promise.ts';
import { exitCodeOf, type State } from '../state.ts';
import { humanDuration } from './duration.ts';
import { containerFilter, type FilterDeps } from './filter.ts';
import { healthOf, healthText } from './health.ts';
import { manifestMember, mountPoints, networksOf, sizes } from './inspect.ts';
import { portSummaries } from './port-summaries.ts';

/** What lists look at. */
export type ListDeps = FilterDeps & WithLayers & { readonly now: () => Date };

/** The chosen containers, newest first. */
export async function listContainers(deps: ListDeps, options: ListOptions): Promise<ContainerSummary[]> {
  const wanted = await containerFilter(deps, options);
  const chosen = deps.directory.all().filter((each) => !each.record.unseen && wanted(each));
  const limit = options.limit !== undefined && options.limit > 0 ? options.limit : chosen.length;
  const linked = linkNames(deps);
  return await Promise.all(
    chosen.slice(0, limit).map((container) => summary(deps, container, { ...options, linked })),
  );
}

async function summary(
  deps: ListDeps,
  container: Container,
  options: Pick<ListOptions, 'size'> & { readonly linked: ReturnType<typeof linkNames> },
): Promise<ContainerSummary> {
  const { record } = container;
  return {
    Id: record.id,
    Names: allNames(options.linked, container),
    Image: imageName(deps, container),
    ImageID: record.imageId,
    ...manifestMember(deps, record.imageId),
    Command: [record.path, ...record.args.map(quoted)].join(' '),
    Created: Math.floor(Date.parse(record.created) / 1000),
    Ports: portSummaries(container),
    ...(options.size ? await sizes(deps, container) : {}),
    Labels: record.config.Labels ?? {},
    State: record.state.is,
    Status: statusText(record.state, deps.now(), record.health),
    Health: { Status: healthOf(record), FailingStreak: record.health?.FailingStreak ?? 0 },
    HostConfig: { NetworkMode: record.hostConfig.NetworkMode ?? '' },
    NetworkSettings: { Networks: networksOf(deps, container) },
    Mounts: mountPoints(container),
  };
}

/** In lists an argument that holds a blank is told apart by quotes; that it may hold quotes too is not minded. */
const quoted = (argument: string): string => (argument.includes(' ') ? `'${argument}'` : argument);

/** The name it was made from, unless that name means another image by now, or none. */
function imageName(deps: WithImages, container: Container): string {
  const { config, imageId } = container.record;
  try {
    return deps.images.resolve(config.Image ?? '').id === imageId ? (config.Image ?? imageId) : imageId;
  } catch {
    return imageId;
  }
}

const secondsSince = (text: string, now: Date): number => (now.getTime() - Date.parse(text)) / 1000;

/** `Up 3 minutes`, `Exited (1) 2 hours ago`: in the words that people and scripts read. */
export function statusText(state: State, now: Date, health?: Health): string {
  switch (state.is) {
    case 'created':
      return 'Created';
    case 'running':
      return `Up ${humanDuration(secondsSince(state.startedAt, now))}${healthText(health)}`;
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
