/** All verbs on containers: the table of contents of this folder. */
import { containerFailure } from '../../model/failures/container.ts';
import { type AttachDeps, attachContainer } from './attach.ts';
import { emitContainerEvent } from './events.ts';
import type { ArchiveDeps } from './files/archive.ts';
import type { CommitDeps } from './files/commit.ts';
import { type InsertDeps, insertFile } from './files/insert.ts';
import { createFileVerbs } from './files/verbs.ts';
import { createLifeVerbs, type LifeDeps } from './life/verbs.ts';
import { containerLogs } from './logs/logs.ts';
import type { Containers, StepContainers } from './promise.ts';
import { isAlive } from './state.ts';
import { type InspectDeps, inspectContainer } from './views/inspect.ts';
import { type ListDeps, listContainers } from './views/list.ts';
import { createStats, type StatsDeps } from './views/stats.ts';
import { containerTop, type TopDeps } from './views/top.ts';

/** What all verbs on containers need together. */
export type ContainersDeps = ArchiveDeps &
  AttachDeps &
  CommitDeps &
  InsertDeps &
  InspectDeps &
  LifeDeps &
  ListDeps &
  StatsDeps &
  TopDeps;

/** The verbs on the containers of `deps.directory`. */
export function createContainers(deps: ContainersDeps): Containers & StepContainers {
  const { directory } = deps;
  const stats = createStats(deps);
  const life = createLifeVerbs(deps);
  const files = createFileVerbs(deps);
  return {
    ...life,
    ...files,
    insert: (options) => insertFile({ ...life, ...files }, deps, options),
    async list(options) {
      await directory.certain();
      return await listContainers(deps, options);
    },
    async inspect(name, options) {
      await directory.find(name).certain();
      return await inspectContainer(deps, directory.find(name), options);
    },
    top: async (name, psArgs) => containerTop(deps, await directory.adopted(name), psArgs),
    stats: async (name, options) => stats(await directory.adopted(name), options),
    logs: async (name, options) => containerLogs(deps, await directory.adopted(name), options),
    attach: async (name, options) => attachContainer(deps, await directory.adopted(name), options),
    async resize(name, { rows, columns }) {
      const container = await directory.adopted(name);
      if (!isAlive(container.record.state) || container.task === undefined)
        throw containerFailure.notRunning({ id: container.id });
      container.task.resize(rows, columns);
      emitContainerEvent(deps, container, 'resize', { height: String(rows), width: String(columns) });
    },
  };
}
