/** A container joins and leaves networks, whether it runs or not. */
import type { EndpointSettings } from '../../../model/container.ts';
import { networkFailure } from '../../../model/failures/network.ts';
import type { Endpoints } from '../../../network/index.ts';
import { asGuest, type NetworkEntry, networkModeOf, shownNetwork } from '../../networks/index.ts';
import { checkedSettings } from '../attachments/attachments.ts';
import { requestFor } from '../attachments/wanted.ts';
import type { Container } from '../container.ts';
import { emitNetworkEvent } from '../events.ts';
import { type HostsDeps, tellAddresses } from '../links/follow.ts';
import { followLinks } from '../links/openings.ts';
import { type ResolverFollowDeps, serveNames, tellResolver } from '../names/follow.ts';
import type { WithEvents, WithLog, WithNames, WithNetworks } from '../needs.ts';
import { isAlive } from '../state.ts';
import { takeFromGuests } from './guests.ts';

/** What joining and leaving need. */
export type ConnectDeps = HostsDeps & ResolverFollowDeps & WithEvents & WithLog & WithNames & WithNetworks;

/** Call it inside the container's mailbox. @throws InvalidArgument, Forbidden, Failed: then it is on the networks of before */
export async function connectContainer(
  deps: ConnectDeps,
  container: Container,
  entry: NetworkEntry,
  asked: EndpointSettings,
): Promise<void> {
  refuseGoing(container);
  const { name, id } = entry.record;
  const { attachments } = container.record;
  checkCompany(container, name);
  if (Object.hasOwn(attachments, name)) {
    if (isAlive(container.record.state))
      throw networkFailure.connected({ container: container.record.name, network: name });
    if (!isLeftBehind(deps, attachments[name])) return; // it will be on it once
  }
  const hardware = hardwareAddressLeft(container, entry.record);
  const settings = { ...hardware, ...checkedSettings(name, asked, entry), NetworkID: id };
  const next = { ...attachments, [name]: settings };
  const request = requestFor(entry, settings, container.record.name);
  if (!isAlive(container.record.state) || request === undefined)
    return await container.save({ attachments: next });
  const sandboxId = await sandboxOf(deps, container);
  await takeFromGuests(deps, [request]);
  await container.save({ sandboxId, networksChange: true });
  let endpoints: Endpoints | undefined;
  try {
    endpoints = await deps.networks.sandboxes.connect(sandboxId, request);
  } catch (error) {
    await container.keep({ networksChange: false }, deps);
    throw error;
  }
  if (endpoints === undefined) return await container.save({ attachments: next, networksChange: false }); // it has ended
  try {
    await container.save({ attachments: next, endpoints, networksChange: false });
  } catch (error) {
    const left = await deps.networks.sandboxes.disconnect(sandboxId, request.network);
    if (left !== undefined) container.set({ attachments, endpoints: left });
    throw error;
  }
  await tellGuests(deps, container, endpoints);
  deps.names.renew(container.record);
  await serveNames(deps, container, sandboxId);
  tellResolver(deps, container);
  tellAddresses(deps, container, { added: endpoints[id]?.addresses ?? [], removed: [] });
  await followLinks(deps, container);
  emitNetworkEvent(deps, container, entry.record, 'connect');
}

/**
 * There is no such network now: the next start looks for it by that name. Call it inside the container's mailbox.
 * @throws NotFound for a container that runs; InvalidArgument
 */
export async function connectAtStart(
  container: Container,
  term: string,
  asked: EndpointSettings,
): Promise<void> {
  refuseGoing(container);
  const { state, attachments } = container.record;
  if (isAlive(state)) throw networkFailure.notFound({ name: term });
  checkCompany(container, term);
  const hardware = hardwareAddressLeft(container, { name: term, id: term });
  const settings = { ...hardware, ...checkedSettings(term, asked, undefined) };
  await container.save({ attachments: { ...attachments, [term]: settings } });
}

/** Whether the network that it was on is no more: another may have its name. */
const isLeftBehind = ({ catalog }: ConnectDeps, attachment: EndpointSettings | undefined): boolean =>
  Boolean(attachment?.NetworkID) && catalog.get(attachment?.NetworkID ?? '') === undefined;

/** Call it inside the container's mailbox. `term`: what the client called the network. @throws InvalidArgument, Failed when it is not on it */
export async function disconnectContainer(
  deps: ConnectDeps,
  container: Container,
  term: string,
  entry: NetworkEntry | undefined,
): Promise<void> {
  refuseGoing(container);
  const { record } = container;
  const name = entry?.record.name ?? term;
  if (networkModeOf(record.hostConfig).is === 'host' && name === 'host') throw networkFailure.hostIsLeft();
  const runs = entry !== undefined && isAlive(record.state);
  if (!Object.hasOwn(record.attachments, name))
    throw networkFailure.notConnected({ container: record.id, network: name, runs });
  const { [name]: leaving = {}, ...attachments } = record.attachments;
  const id = entry?.record.id ?? leaving.NetworkID ?? '';
  const { MacAddress: leftMacAddress } = leaving;
  const left = leftMacAddress && isMain(container, { name, id }) ? { leftMacAddress } : {};
  const before = record.endpoints[id];
  const { sandboxId } = record;
  if (sandboxId === undefined || before === undefined || entry?.network === undefined)
    return await container.save({ attachments, ...left });
  // On record first: after a kill in between, the next daemon takes the interface away.
  const endpoints = deps.networks.sandboxes.without(sandboxId, entry.network);
  await container.save({ attachments, endpoints, networksChange: true, ...left });
  await deps.networks.sandboxes.disconnect(sandboxId, entry.network);
  await container.keep({ networksChange: false }, deps);
  await tellGuests(deps, container, endpoints);
  deps.names.renew(container.record);
  tellAddresses(deps, container, { added: [], removed: before.addresses });
  emitNetworkEvent(deps, container, entry.record, 'disconnect');
}

/**
 * A hardware address was the whole container's, and so the network's of its mode, before 1.44: Compose 1 leaves that
 * network and joins it again before the first start.
 */
function isMain(
  { record }: Container,
  { name, id }: { readonly name: string; readonly id: string },
): boolean {
  const main = shownNetwork(networkModeOf(record.hostConfig));
  return main === name || main === id;
}

/** The one that it had there when it left. */
function hardwareAddressLeft(
  container: Container,
  network: Parameters<typeof isMain>[1],
): Pick<EndpointSettings, 'MacAddress'> {
  const { leftMacAddress = '' } = container.record;
  return leftMacAddress !== '' && isMain(container, network) ? { MacAddress: leftMacAddress } : {};
}

function refuseGoing({ gone, record }: Container): void {
  if (gone || record.state.is === 'removing' || record.state.is === 'dead')
    throw networkFailure.containerGoing();
}

/** Which networks have no others beside them. @throws InvalidArgument */
function checkCompany({ record }: Container, network: string): void {
  const mode = networkModeOf(record.hostConfig);
  if (mode.is === 'container') throw networkFailure.sandboxShared();
  if (network === 'host' && mode.is !== 'host') throw networkFailure.hostIsJoined();
  if (mode.is === 'host') throw networkFailure.sandboxShared();
  const others = Object.keys(record.attachments).filter((name) => name !== network);
  if (others.length > 0 && (network === 'none' || others.includes('none')))
    throw networkFailure.noneIsAlone();
}

/** The sandbox that the container runs in; the namespace of one that had no network becomes one. */
async function sandboxOf({ networks }: WithNetworks, { record, task }: Container): Promise<string> {
  if (record.sandboxId !== undefined) return record.sandboxId;
  const sandboxId = networks.sandboxes.freeSandboxId(record.id);
  await networks.sandboxes.adopt(sandboxId, record.id, `/proc/${task?.pid ?? 0}/ns/net`);
  return sandboxId;
}

/** Containers that run in its sandbox have the same interfaces. */
async function tellGuests(deps: ConnectDeps, { id, record }: Container, endpoints: Endpoints): Promise<void> {
  for (const other of deps.directory)
    if (other.id !== id && other.record.sandboxId === record.sandboxId)
      await other.keep({ endpoints: asGuest(endpoints) }, deps);
}
