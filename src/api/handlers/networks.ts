/** Networks: today's input → engine call → today's output. */
import type { Handlers } from './handlers.ts';

export const networks: Handlers<Extract<keyof Handlers, `network${string}`>> = {
  networkList: ({ query }, { engine, networkLists }) =>
    engine.networks.list(query.filters, { members: networkLists === 'withContainers' }),

  networkCreate: ({ body }, { engine, networkNames, networkSubnets }) =>
    engine.networks.create(body, {
      nameMayBeTaken: networkNames === 'checkedIfAsked' && !body.CheckDuplicate,
      anyAddress: networkSubnets === 'anyAddress',
    }),

  networkInspect: ({ params, query }, { engine }) =>
    engine.networks.inspect(params.id, { scope: query.scope || undefined }),

  networkDelete: ({ params }, { engine }) => engine.networks.remove(params.id),

  networkConnect: ({ params, body }, { engine, networkConnects, unknownNetworks }) =>
    engine.networks.connect(params.id, body, {
      mustRun: networkConnects === 'running',
      mustBeThere: unknownNetworks === 'refused',
    }),

  networkDisconnect: ({ params, body }, { engine, networkConnects, unknownNetworks }) =>
    engine.networks.disconnect(params.id, body, {
      mustRun: networkConnects === 'running',
      mustBeThere: unknownNetworks === 'refused',
    }),

  networkPrune: ({ query }, { engine }) => engine.networks.prune(query.filters),
};
