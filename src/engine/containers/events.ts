/** Events about containers. */

import type { Endpoints } from '../../network/index.ts';
import type { NetworkRecord } from '../networks/index.ts';
import type { Container } from './container.ts';
import type { WithEvents, WithNetworks } from './needs.ts';

/** Emits an event about a container, with its name, image and labels as attributes, and `more`. */
export function emitContainerEvent(
  { events }: WithEvents,
  container: Container,
  action: string,
  more: Readonly<Record<string, string>> = {},
): void {
  const { id, name, config, unseen } = container.record;
  if (unseen) return;
  events.emit({
    Type: 'container',
    Action: action,
    id,
    attributes: { ...config.Labels, image: config.Image ?? '', name, ...more },
  });
}

/** Emits that a container has come to a network, or has left it. */
export function emitNetworkEvent(
  { events }: WithEvents,
  { id: container, record: { unseen } }: Container,
  { id, name, driver }: Pick<NetworkRecord, 'id' | 'name' | 'driver'>,
  action: 'connect' | 'disconnect',
): void {
  if (unseen) return;
  events.emit({ Type: 'network', Action: action, id, attributes: { container, name, type: driver } });
}

/** The same for all networks of a run: at its start and at its end. */
export function emitNetworkEvents(
  deps: WithEvents & WithNetworks,
  container: Container,
  endpoints: Endpoints,
  action: 'connect' | 'disconnect',
): void {
  for (const id of Object.keys(endpoints)) {
    const entry = deps.catalog.get(id);
    if (entry !== undefined) emitNetworkEvent(deps, container, entry.record, action);
  }
}
