/** The containers of a network, and what networks ask of them. */
import { containerFailure } from '../../../model/failures/container.ts';
import { networkFailure } from '../../../model/failures/network.ts';
import {
  endpointWithoutWire,
  type Member,
  type NetworkEntry,
  type NetworkMembers,
  ownEndpoints,
} from '../../networks/index.ts';
import type { Container } from '../container.ts';
import { isAlive } from '../state.ts';
import { type ConnectDeps, connectAtStart, connectContainer, disconnectContainer } from './connect.ts';

/** What the networks' verbs ask of containers. */
export const networkMembers = (deps: ConnectDeps): NetworkMembers => ({
  membersOf: ({ record: { id }, network }) =>
    deps.directory.all().flatMap(({ record, adoption }): Member[] => {
      const isOn = (): boolean => Object.values(record.attachments).some(({ NetworkID }) => NetworkID === id);
      const unwired = network === undefined && isOn() ? endpointWithoutWire(record.id, id) : undefined;
      const endpoint = unwired ?? ownEndpoints(record)[id];
      if (endpoint === undefined || !isAlive(record.state) || adoption?.ended) return [];
      return [{ containerId: record.id, name: record.name, endpoint }];
    }),

  async connect(networkTerm, entry, { Container: term = '', EndpointConfig = {} }, { mustRun }) {
    if (term === '') throw networkFailure.containerUnnamed();
    const container = await deps.directory.adopted(term);
    await container.mailbox.run(() => {
      if (mustRun) requireRunning(container);
      return entry === undefined
        ? connectAtStart(container, networkTerm, EndpointConfig)
        : connectContainer(deps, container, entry, EndpointConfig);
    });
  },

  async disconnect(networkTerm, entry, { Container: term = '', Force = false }, { mustRun }) {
    if (term === '') throw networkFailure.containerUnnamed();
    const container = Force ? deps.directory.lookUp(term) : deps.directory.find(term);
    if (container === undefined) throw notThere(networkTerm, entry, term);
    await container.adopted();
    await container.mailbox.run(() => {
      if (mustRun) requireRunning(container);
      if (entry === undefined && !Force && isAlive(container.record.state))
        throw networkFailure.notFound({ name: networkTerm });
      return disconnectContainer(deps, container, networkTerm, entry);
    });
  },
});

/** What a forced leave of no container is answered: the network is looked for first. */
function notThere(network: string, entry: NetworkEntry | undefined, container: string): Error {
  return entry === undefined
    ? networkFailure.notFound({ name: network })
    : networkFailure.endpointNotFound({ name: container });
}

/** @throws Conflict */
function requireRunning({ record: { id, state } }: Container): void {
  if (!isAlive(state)) throw containerFailure.notRunning({ id });
}
