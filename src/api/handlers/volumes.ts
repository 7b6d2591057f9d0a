/** Volumes: today's input → engine call → today's output. */
import type { Handlers } from './handlers.ts';

export const volumes: Handlers<Extract<keyof Handlers, `volume${string}`>> = {
  volumeList: ({ query }, { engine }) => engine.volumes.list(query.filters),

  volumeCreate: ({ body }, { engine }) => engine.volumes.create(body),

  volumeInspect: ({ params }, { engine }) => engine.volumes.inspect(params.name),

  volumeDelete: ({ params, query }, { engine }) => engine.volumes.remove(params.name, { force: query.force }),

  volumePrune: ({ query }, { engine, signal }) => engine.volumes.prune(query.filters, { signal }),
};
