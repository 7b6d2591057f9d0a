/** A container as inspect shows it, from memory: no lock, no process, no wait. */
import { readlinkSync } from 'node:fs';
import { codeOf } from '../../../base/errors.ts';
import type {
  ContainerInspect,
  EndpointSettings,
  HostConfig,
  MountPoint,
  NetworkSettings,
  PortMap,
} from '../../../model/container.ts';
import {
  endpointView,
  endpointWithoutWire,
  type NetworkCatalog,
  type NetworkEntry,
  networkModeOf,
  ownEndpoints,
  publishedPortsOf,
  shownNetwork,
} from '../../networks/index.ts';
import { apparmorOf, readSecurity } from '../../processes/security.ts';
import { dnsNames } from '../attachments/wanted.ts';
import type { Container } from '../container.ts';
import { shownLinks } from '../links/links.ts';
import { jsonFilePath } from '../logs/driver.ts';
import type {
  WithContainersRoot,
  WithDirectory,
  WithFacts,
  WithImages,
  WithLayers,
  WithNetworks,
} from '../needs.ts';
import { networkFile } from '../own-files.ts';
import { networkOwner } from '../plan/network-files.ts';
import type { InspectOptions } from '../promise.ts';
import { isAlive, stateView } from '../state.ts';

/** What inspect looks at. */
export type InspectDeps = WithContainersRoot &
  WithDirectory &
  WithFacts<'apparmor'> &
  WithImages &
  WithLayers &
  WithNetworks & { readonly storage: { readonly driver: string } };

/** Everything that is told of one container. */
export async function inspectContainer(
  deps: InspectDeps,
  container: Container,
  options: InspectOptions,
): Promise<ContainerInspect> {
  const { record } = container;
  const { id, hostConfig } = record;
  const ran = !record.state.last.startedAt.startsWith('0001') || isAlive(record.state);
  const file = (name: Parameters<typeof networkFile>[2]) =>
    ran ? networkFile(deps, networkOwner(deps, container).id, name) : '';
  return {
    Id: id,
    Created: record.created,
    Path: record.path,
    Args: record.args,
    State: { ...stateView(record.state), ...(record.health ? { Health: record.health } : {}) },
    Image: record.imageId,
    ResolvConfPath: file('resolv.conf'),
    HostnamePath: file('hostname'),
    HostsPath: file('hosts'),
    // A file for log shippers; the local driver's segments are nobody else's business.
    LogPath: ran && hostConfig.LogConfig?.Type === 'json-file' ? jsonFilePath(deps, id) : '',
    Name: `/${record.name}`,
    RestartCount: record.restartCount,
    Driver: deps.storage.driver,
    Platform: 'linux',
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: apparmorShown(deps, container),
    ...(container.execIds.size > 0 ? { ExecIDs: [...container.execIds] } : {}),
    HostConfig: { ...hostConfig, ...linksMember(deps, container) },
    ...manifestMember(deps, record.imageId),
    GraphDriver: deps.storage.layers.describe(id),
    Storage: { RootFS: { Snapshot: { Name: deps.storage.driver } } },
    ...(options.size ? await sizes(deps, container) : {}),
    // A tmpfs of `--tmpfs` stands in HostConfig.Tmpfs alone; one of `--mount` is listed.
    Mounts: mountPoints(container),
    Config: record.config,
    NetworkSettings: networkSettings(deps, container),
    ...macAddressAsked(record),
  };
}

/** Of the manifest that the image came with, while it is here. */
export function manifestMember(
  { images }: WithImages,
  imageId: string,
): Pick<ContainerInspect, 'ImageManifestDescriptor'> {
  const ImageManifestDescriptor = images.manifestOf(imageId);
  return ImageManifestDescriptor ? { ImageManifestDescriptor } : {};
}

/** What older versions told of the whole container: the hardware address asked for on the network of its mode. */
function macAddressAsked({ hostConfig, attachments }: Container['record']): { MacAddressAsked?: string } {
  const main = shownNetwork(networkModeOf(hostConfig)) ?? '';
  const { MacAddress: MacAddressAsked } = attachments[main] ?? {};
  return MacAddressAsked ? { MacAddressAsked } : {};
}

/** What links mean now; those of other networks stand with their endpoints. */
function linksMember(deps: WithDirectory, container: Container): Pick<HostConfig, 'Links'> {
  const Links = shownLinks(deps, container);
  return Links === undefined ? {} : { Links };
}

/** Empty where the host has no AppArmor, as in dockerd. */
function apparmorShown(deps: WithFacts<'apparmor'>, { record }: Container): string {
  const { SecurityOpt = [], Privileged = false } = record.hostConfig;
  return apparmorOf(readSecurity(SecurityOpt).apparmor, deps.facts.apparmor, Privileged) ?? '';
}

/** What a container has mounted, in the form of inspect. */
export function mountPoints(container: Container): MountPoint[] {
  const plain = new Set(Object.keys(container.record.hostConfig.Tmpfs ?? {}));
  return container.record.mounts
    .map(({ point }) => point)
    .filter(({ Type, Destination }) => Type !== 'tmpfs' || !plain.has(Destination));
}

/** Bytes of the writable layer, and of everything below and in it. */
export async function sizes(
  deps: WithLayers,
  container: Container,
): Promise<{ SizeRw: number; SizeRootFs: number }> {
  const own = await deps.storage.layers.writableBytes(container.id);
  let below = 0;
  for (let layer = container.record.parentLayer; layer !== undefined; ) {
    const info = deps.storage.layers.get(layer);
    below += info?.bytes ?? 0;
    layer = info?.parent;
  }
  return { SizeRw: own, SizeRootFs: own + below };
}

function networkSettings(deps: WithNetworks, container: Container): NetworkSettings {
  const { record } = container;
  const alive = isAlive(record.state);
  const mode = networkModeOf(record.hostConfig);
  const key =
    mode.is !== 'container' && record.sandboxId !== undefined
      ? deps.networks.sandboxes.sandboxPath(record.sandboxId)
      : isAlive(record.state)
        ? networkKey(record.state.pid)
        : '';
  return {
    SandboxID: alive ? record.id : '',
    SandboxKey: alive ? key : '',
    Ports: ports(container),
    Networks: networksOf(deps, container),
  };
}

/** The networks that a container is on, by name; none where it has another container's. */
export function networksOf(
  { catalog }: WithNetworks,
  { record }: Container,
): Record<string, EndpointSettings> {
  const endpoints = ownEndpoints(record);
  return Object.fromEntries(
    Object.entries(record.attachments).map(([name, asked]) => {
      const entry = lookUpOrNone(catalog, name);
      const carries = entry?.network !== undefined;
      const known = asked.NetworkID ?? '';
      const id = known || !carries ? known : entry.record.id;
      const isThere = !carries && id !== '' && isAlive(record.state);
      const endpoint = isThere ? endpointWithoutWire(record.id, id) : endpoints[id];
      return [name, endpointView(asked, id, { endpoint, names: dnsNames(record, name) })];
    }),
  );
}

/** Ambiguous is as good as unknown here. */
function lookUpOrNone(catalog: NetworkCatalog, name: string): NetworkEntry | undefined {
  try {
    return catalog.lookUp(name);
  } catch {
    return undefined;
  }
}

/** The namespace's own name (`net:[4026531840]`) where it has no path. */
function networkKey(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return '';
  }
}

/** Exposed ports with `null`, published ones with their bindings; nothing while it does not run, or on no network of its own. */
function ports(container: Container): PortMap {
  const { config, state } = container.record;
  const isOnNetwork = Object.keys(ownEndpoints(container.record)).length > 0;
  if (!isAlive(state) || !isOnNetwork) return {};
  const map: Record<string, { HostIp: string; HostPort: string }[] | null> = Object.fromEntries(
    Object.keys(config.ExposedPorts ?? {}).map((port) => [port, null]),
  );
  for (const { protocol, containerPort, hostIp, hostPort } of publishedPortsOf(container.record)) {
    const key = `${containerPort}/${protocol}`;
    map[key] = [...(map[key] ?? []), { HostIp: hostIp || '0.0.0.0', HostPort: String(hostPort) }];
  }
  return map;
}
