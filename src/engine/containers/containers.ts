/** All verbs on containers, each in its place: the table of contents of this folder. */

import { Conflict, inContext, type Phrase } from '../../base/errors.ts';
import { undoUnlessDone } from '../../base/lifetime.ts';
import type { HostConfig } from '../../model/container.ts';
import { containerContext, containerFailure } from '../../model/failures/container.ts';
import { type AttachDeps, attachContainer } from './attach.ts';
import type { Container } from './container.ts';
import { emitContainerEvent } from './events.ts';
import {
  type ArchiveDeps,
  containerChanges,
  copyOut,
  exportContainer,
  getArchive,
  putArchive,
  statPath,
} from './files/archive.ts';
import { type CommitDeps, commitContainer } from './files/commit.ts';
import { type InsertDeps, insertFile } from './files/insert.ts';
import { type CreateDeps, createContainer, plannedMounts } from './life/create.ts';
import { pauseContainer, unpauseContainer } from './life/pause.ts';
import { createPrune } from './life/prune.ts';
import { removeContainer } from './life/remove.ts';
import { renameContainer } from './life/rename.ts';
import { type StartDeps, startContainer } from './life/start.ts';
import { assertAllowed, isAlive } from './life/state.ts';
import { killAndWait, killContainer, stopContainer, stopForRestart } from './life/stop.ts';
import { type UpdateDeps, updateContainer } from './life/update.ts';
import { waitFor } from './life/wait.ts';
import { containerLogs } from './logs/logs.ts';
import { destinationOf } from './mounts/mounts.ts';
import { declaredMounts, provideMounts } from './mounts/provide.ts';
import { byId } from './plan/namespaces.ts';
import type { Containers } from './promise.ts';
import { settleHostConfig } from './settle/host-config.ts';
import { checkText } from './settle/settle.ts';
import { type InspectDeps, inspectContainer } from './views/inspect.ts';
import { type ListDeps, listContainers } from './views/list.ts';
import { createStats, type StatsDeps } from './views/stats.ts';
import { containerTop, type TopDeps } from './views/top.ts';

/** What all verbs on containers need together. */
export type ContainersDeps = ArchiveDeps &
  AttachDeps &
  CommitDeps &
  CreateDeps &
  InsertDeps &
  InspectDeps &
  ListDeps &
  StartDeps &
  StatsDeps &
  TopDeps &
  UpdateDeps;

export function createContainers(deps: ContainersDeps): Containers {
  const find = (name: string) => deps.directory.find(name);
  const stats = createStats(deps);
  const prune = createPrune(deps);
  const containers: Containers = {
    create: (request, options) => createContainer(deps, request, options),
    list: (options) => listContainers(deps, options),
    inspect: async (name, options) => await inspectContainer(deps, find(name), options),

    async start(name, { hostConfig, keep }) {
      const container = find(name);
      await container.mailbox.run(async () => {
        assertAllowed(container.record.state, 'start', container.id);
        if (hostConfig !== undefined) {
          // Clients before 1.15 said only now what the container needs of its host.
          const before = container.record.hostConfig;
          const kept = Object.fromEntries(keep.map((member) => [member, before[member]]));
          const settled = settleHostConfig(byId(deps.directory, { ...kept, ...hostConfig }), deps.facts);
          checkText(container.record.config, settled.hostConfig);
          await replaceHostConfig(deps, container, settled.hostConfig);
        }
        container.set({ restartCount: 0 });
        container.restartDelayMs = 0;
        await startContainer(deps, container);
      });
    },
    stop: async (name, options) => await stopContainer(deps, find(name), options),
    async restart(name, options) {
      const container = find(name);
      await container.mailbox.run(async () => {
        await stopForRestart(deps, container, options);
        await startContainer(deps, container);
      });
      emitContainerEvent(deps, container, 'restart');
    },
    kill: (name, options) =>
      saying(containerContext.kill({ name }), async () => killContainer(deps, find(name), options)),
    async pause(name) {
      const container = find(name);
      await container.mailbox.run(() => pauseContainer(deps, container));
    },
    async unpause(name) {
      const container = find(name);
      await container.mailbox.run(() => unpauseContainer(deps, container));
    },
    async wait(name, options) {
      const ended = waitFor(find(name), options);
      ended.catch(() => undefined); // the client left: nobody listens
      return { ended };
    },
    async rename(name, to) {
      const container = find(name);
      await container.mailbox.run(() => renameContainer(deps, container, to));
    },
    async remove(name, { force, volumes, link }) {
      const container = find(name);
      if (link) throw new Conflict('Conflict, cannot remove the default link name of the container');
      await saying(containerContext.remove({ name }), async () => {
        // A restart waits in the mailbox for the end, perhaps without limit: who forces a removal does not wait for that.
        if (force && container.task !== undefined && isAlive(container.record.state))
          await killAndWait(deps, container);
        await container.mailbox.run(() => removeContainer(deps, container, { force, volumes }));
      });
    },
    async resize(name, { rows, columns }) {
      const container = find(name);
      if (!isAlive(container.record.state) || container.task === undefined)
        throw containerFailure.notRunning({ id: container.id });
      container.task.resize(rows, columns);
      emitContainerEvent(deps, container, 'resize', { height: String(rows), width: String(columns) });
    },
    attach: async (name, options) => attachContainer(deps, find(name), options),
    logs: async (name, options) => containerLogs(deps, find(name), options),
    top: async (name, psArgs) => containerTop(deps, find(name), psArgs),
    stats: async (name, options) => stats(find(name), options),
    prune,
    async update(name, request) {
      const container = find(name);
      return await container.mailbox.run(() => updateContainer(deps, container, request));
    },
    statPath: async (name, path) => await statPath(deps, { name, container: find(name) }, path),
    getArchive: async (name, path, options) =>
      await getArchive(deps, { name, container: find(name) }, path, options),
    copy: async (name, path, options) => await copyOut(deps, { name, container: find(name) }, path, options),
    putArchive: async (name, path, archive, options) =>
      await putArchive(deps, { name, container: find(name) }, path, archive, options),
    export: async (name, options) => exportContainer(deps, find(name), options),
    changes: async (name) => await containerChanges(deps, find(name)),
    async commit(name, options) {
      const container = find(name);
      return await container.mailbox.run(() => commitContainer(deps, container, options));
    },
    insert: (options) => insertFile(containers, deps, options),
  };
  return containers;
}

/** The mounts follow; volumes that the configuration declared stay the ones that they are. */
async function replaceHostConfig(
  deps: CreateDeps,
  container: Container,
  hostConfig: HostConfig,
): Promise<void> {
  await container.cleanup;
  const { config, mounts: before } = container.record;
  const { wanted } = plannedMounts(deps, { config, hostConfig }, { readOnlyIsFlat: true });
  const kept = declaredMounts(before, wanted);
  const stays = new Set(kept.map(({ point }) => point.Destination));
  await undoUnlessDone(async (undo) => {
    const fresh = wanted.filter((each) => !stays.has(destinationOf(each)));
    const provided = await provideMounts(deps, container.id, fresh, undo);
    const byDestination = new Map(
      [...kept, ...provided.mounts].map((each) => [each.point.Destination, each]),
    );
    const mounts = wanted.flatMap((each) => byDestination.get(destinationOf(each)) ?? []);
    await container.save({ hostConfig, mounts }, provided.changes());
    provided.done();
  });
}

/** What fails in `work` is told with the verb and the name that the client used. */
async function saying(context: Phrase, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw inContext(error, context);
  }
}
