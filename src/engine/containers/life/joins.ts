/** What ties a container's start to other containers. */
import { joinedContainer } from '../../../model/namespace-mode.ts';
import type { Container } from '../container.ts';
import type { Directory } from '../directory.ts';
import { linksOf } from '../links/links.ts';
import { joinableTask } from '../plan/namespaces.ts';

type Known = { readonly directory: Pick<Directory, 'lookUp' | 'get'> };

/** Containers whose namespaces it joins: they must run when it starts. Removed ones are left out. */
function joinedBy({ directory }: Known, { record }: Container): Container[] {
  const { NetworkMode, PidMode, IpcMode } = record.hostConfig;
  return known(directory, [NetworkMode, PidMode, IpcMode].map(joinedContainer));
}

/** Containers that start before it where both are to start: those it joins or links to, and those whose volumes it has. */
export function comesAfter(deps: Known, container: Container): Container[] {
  const volumesFrom = container.record.hostConfig.VolumesFrom ?? [];
  return [
    ...joinedBy(deps, container),
    ...linksOf(deps, container).map(({ to }) => to),
    ...known(
      deps.directory,
      volumesFrom.map((said) => said.split(':', 1)[0]),
    ),
  ];
}

/** Its start may look at what they run as. A failure is theirs: the start tells of what is missing then. */
export const adoptedBefore = async (deps: Known, container: Container): Promise<void> =>
  void (await Promise.allSettled(comesAfter(deps, container).map((other) => other.adopted())));

/** Those that it joins and that do not run, or are about to end: until they run, it cannot start. */
export const missingFor = (deps: Known, container: Container): Container[] =>
  joinedBy(deps, container).filter((other) => joinableTask(other) === undefined);

const known = (directory: Known['directory'], names: readonly (string | undefined)[]): Container[] =>
  names.flatMap((name) => (name ? (directory.lookUp(name) ?? []) : []));
