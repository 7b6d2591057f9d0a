/** The containers of a network, and what networks ask of them. */
import { containerFailure } from '../../../model/failures/container.ts';
import { networkFailure } from '../../../model/failures/network.ts';
import { endpointWithoutWire, type Member, type NetworkMembers, ownEndpoints } from '../../networks/index.ts';
import type { Container } from '../container.ts';
import { isAlive } from '../state.ts';
import { type ConnectDeps, connectContainer, disconnectContainer } from './connect.ts';

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

  async connect(entry, { Container: term = '', EndpointConfig = {} }, { mustRun }) {
    if (term === '') throw networkFailure.containerUnnamed();
    const container = await deps.directory.adopted(term);
    await container.mailbox.run(() => {
      if (mustRun) requireRunning(container);
      return connectContainer(deps, container, entry, EndpointConfig);
    });
  },

  async disconnect(networkTerm, entry, { Container: term = '', Force = false }, { mustRun }) {
    if (term === '') throw networkFailure.containerUnnamed();
    const container = Force ? deps.directory.lookUp(term) : deps.directory.find(term);
    if (container === undefined) throw networkFailure.endpointNotFound({ name: term });
    await container.adopted();
    await container.mailbox.run(() => {
      if (mustRun) requireRunning(container);
      return disconnectContainer(deps, container, networkTerm, entry);
    });
  },
});

/** @throws Conflict */
function requireRunning({ record: { id, state } }: Container): void {
  if (!isAlive(state)) throw containerFailure.notRunning({ id });
}
