/** Verbs on the life of containers: each finds its container and waits for its turn. */
import { inContext, type Phrase } from '../../../base/errors.ts';
import { containerContext, containerFailure } from '../../../model/failures/container.ts';
import type { Container } from '../container.ts';
import { removeLink } from '../links/remove.ts';
import type { Containers, StepContainers } from '../promise.ts';
import { isAlive } from '../state.ts';
import { createContainer } from './create.ts';
import { pauseContainer, unpauseContainer } from './pause.ts';
import { createPrune } from './prune.ts';
import { removeContainer } from './remove.ts';
import { renameContainer } from './rename.ts';
import { type RequestedStartDeps, startAsRequested } from './requested-start.ts';
import { restartContainer } from './restart.ts';
import { restartUnhealthy } from './restart-unhealthy.ts';
import { killAndWait, killContainer, stopContainer } from './stop.ts';
import { type UpdateDeps, updateContainer } from './update.ts';
import { waitFor } from './wait.ts';

/** What the verbs on a container's life need. */
export type LifeDeps = RequestedStartDeps & UpdateDeps;

/** The verbs on a container's life. */
export type LifeVerbs = Pick<
  Containers,
  | 'create'
  | 'start'
  | 'stop'
  | 'restart'
  | 'kill'
  | 'pause'
  | 'unpause'
  | 'wait'
  | 'rename'
  | 'remove'
  | 'prune'
  | 'update'
> &
  StepContainers;

/** What changes a container runs in its mailbox, one at a time; stop and kill go past it. */
export function createLifeVerbs(deps: LifeDeps): LifeVerbs {
  restartUnhealthy(deps);
  const find = (name: string) => deps.directory.adopted(name);
  const inTurn = async <T>(name: string, verb: (container: Container) => Promise<T>): Promise<T> => {
    const container = await find(name);
    return container.mailbox.run(() => {
      if (container.gone) throw containerFailure.notFound({ name }); // removed by who was before
      return verb(container);
    });
  };
  return {
    create: (request, options) => createContainer(deps, request, options),
    leaveBuild: (name) =>
      inTurn(name, async (container) => {
        await deps.storage.layers.settleWritable(container.id);
        await container.save({ ofBuild: false });
      }),
    start: async (name, options) =>
      await inTurn(name, (container) => startAsRequested(deps, container, options)),
    stop: async (name, options) => await stopContainer(deps, await find(name), options),
    restart: async (name, options) =>
      await inTurn(name, (container) => restartContainer(deps, container, options)),
    kill: (name, options) =>
      withContext(containerContext.kill({ name }), async () =>
        killContainer(deps, await find(name), options),
      ),
    pause: async (name) => await inTurn(name, (container) => pauseContainer(deps, container)),
    unpause: async (name) => await inTurn(name, (container) => unpauseContainer(deps, container)),
    async wait(name, options) {
      const ended = waitFor(await find(name), options);
      ended.catch(() => undefined); // the client left: nobody listens
      return { ended };
    },
    rename: async (name, to) => await inTurn(name, (container) => renameContainer(deps, container, to)),
    async remove(name, { force, volumes, link }) {
      if (link) return await removeLink(deps, name);
      const container = await find(name);
      // A restart waits in the mailbox for the end, perhaps without limit: who forces a removal does not wait for that.
      const isEnder = force && container.task !== undefined && isAlive(container.record.state);
      const wasGone = await withContext(containerContext.remove({ name }), async () => {
        if (isEnder) await killAndWait(deps, container);
        using _impatience = force ? endsHangingStart(container) : undefined;
        return await container.mailbox.run(async () => {
          if (container.gone) return true;
          await removeContainer(deps, container, { force, volumes });
          return false;
        });
      });
      // One that removes itself at its end did so because this client ended it.
      const isDone = isEnder && container.record.hostConfig.AutoRemove;
      if (wasGone && !isDone) throw containerFailure.notFound({ name });
    },
    prune: createPrune(deps),
    update: async (name, request) =>
      await inTurn(name, (container) => updateContainer(deps, container, request)),
  };
}

/** A start takes a fraction of a second; on the busiest of machines it is done by then. */
const START_PATIENCE_MS = 10_000;

/** Who forces a removal does not wait without end for a start that hangs in a mount, in a hook or in a runtime. */
function endsHangingStart(container: Container): Disposable {
  const reason = containerFailure.startEnded({ id: container.id });
  const timer = setTimeout(() => container.startEnder?.abort(reason), START_PATIENCE_MS);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

/** What fails in `work` is told with the verb and the name that the client used. */
async function withContext<T>(context: Phrase, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw inContext(error, context);
  }
}
