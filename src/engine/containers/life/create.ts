/** Makes a container from an image: name, writable layer, record. Starting it is start.ts. */
import { mkdirSync, rmSync } from 'node:fs';
import { asKind, inContext } from '../../../base/errors.ts';
import { undoUnlessDone } from '../../../base/lifetime.ts';
import { formatNanos, nowNanos } from '../../../base/time.ts';
import {
  hostPlatform,
  parsePlatform,
  platformText,
  suits,
  type WantedPlatform,
} from '../../../formats/platform.ts';
import type { ContainerConfig, CreateRequest, CreateResponse, HostConfig } from '../../../model/container.ts';
import { containerContext, containerFailure } from '../../../model/failures/container.ts';
import { joinedContainer } from '../../../model/namespace-mode.ts';
import { formatHardwareAddress, parseHardwareAddress } from '../../../network/index.ts';
import type { Supervisor } from '../../../runtime/index.ts';
import { planAttachments } from '../attachments/attachments.ts';
import { Container } from '../container.ts';
import { checkName } from '../directory.ts';
import { emitContainerEvent } from '../events.ts';
import { planLinks } from '../links/links.ts';
import type { Logged } from '../logs/attributes.ts';
import { shipTarget } from '../logs/driver.ts';
import { readLogSettings } from '../logs/settings.ts';
import { requireSocket } from '../logs/syslog.ts';
import { type MountPlan, planMounts } from '../mounts/mounts.ts';
import { type ProvideDeps, provideMounts } from '../mounts/provide.ts';
import { requireSources } from '../mounts/sources.ts';
import type {
  WithContainersRoot,
  WithDirectory,
  WithEvents,
  WithFacts,
  WithNetworks,
  WithRecords,
  WithRoots,
} from '../needs.ts';
import { byId } from '../plan/namespaces.ts';
import type { CreateOptions } from '../promise.ts';
import { type ContainerRecord, NO_SANDBOX } from '../record.ts';
import { checkNetworkConflicts } from '../settle/host-config.ts';
import { publishedPorts } from '../settle/ports.ts';
import { type Settled, settle } from '../settle/settle.ts';
import { writableSize } from '../settle/writable-size.ts';
import { NO_RUN } from '../state.ts';
import { chooseName } from './names.ts';

/** What a create needs. */
export type CreateDeps = PlanMountsDeps &
  ProvideDeps &
  WithContainersRoot &
  WithEvents &
  WithFacts &
  Pick<WithNetworks, 'catalog'> &
  WithRecords & {
    readonly supervisor: Pick<Supervisor, 'announceStart'>;
    /** 64 hex digits. */
    readonly newId: () => string;
    /** In [0, 1). */
    readonly random: () => number;
  };

/** What is needed to read a configuration into the mounts that it wants. */
export type PlanMountsDeps = WithDirectory & WithFacts<'recursiveReadOnly'> & WithRoots;

/** @throws InvalidArgument, NotFound (image), Conflict (name): then nothing is left of it */
export async function createContainer(
  deps: CreateDeps,
  request: CreateRequest,
  options: CreateOptions,
): Promise<CreateResponse> {
  deps.supervisor.announceStart(); // who creates a container starts it next, as a rule
  if (!request.Image && !options.ofBuild) throw containerFailure.noImage();
  const id = deps.newId();
  const name = options.name
    ? checkName(options.name)
    : chooseName((each) => deps.directory.isTaken(each), deps.random);
  await nameGivenBack(deps, name);
  const wanted = options.platform ? parsePlatform(options.platform) : undefined;
  const image = options.ofBuild ?? deps.images.resolve(request.Image ?? '', wanted);
  const { Links: _links, ...host } = byId(deps.directory, request.HostConfig ?? {});
  for (const mode of [host.IpcMode, host.PidMode]) {
    const joined = joinedContainer(mode);
    if (joined) otherContainer(deps, joined);
  }
  const links = planLinks(deps, request.HostConfig ?? {});
  const settled = settle(id, { ...request, HostConfig: host }, image.config, deps.facts);
  const attachments = planAttachments(settled.hostConfig, request.NetworkingConfig, (term) =>
    deps.catalog.lookUp(term),
  );
  checkTogether(request, settled);
  const bytesMax = writableSize(settled.hostConfig, deps.storage.layers.limitsSize);
  const planned = plannedMounts(deps, settled, options);
  await requireSources(planned.mustExist);
  return await undoUnlessDone(async (undo) => {
    deps.directory.reserve(name, id);
    undo.defer(() => deps.directory.release(name, id));
    // What an image removal looks at must hold the image before its layers are used.
    await using lease = deps.storage.lease('create');
    if (image.chainId !== undefined) lease.hold('layer', image.chainId);
    await checkLog(deps, { ...settled, id, name, created: '', imageId: image.id });
    mkdirSync(`${deps.containersRoot}/${id}`, { recursive: true, mode: 0o710 });
    undo.defer(() => rmSync(`${deps.containersRoot}/${id}`, { recursive: true, force: true }));
    const kind = { unsettled: options.ofBuild !== undefined, hostIds: host.UsernsMode === 'host' };
    await deps.storage.layers.prepare(id, image.chainId, { bytesMax, ...kind });
    undo.defer(() => deps.storage.layers.removeWritable(id));
    const { mounts, changes, done } = await provideMounts(deps, id, planned.wanted, undo);
    options.signal.throwIfAborted();
    const record: ContainerRecord = {
      id,
      name,
      created: formatNanos(nowNanos()),
      imageId: image.id,
      parentLayer: image.chainId,
      config: settled.config,
      hostConfig: settled.hostConfig,
      path: settled.path,
      args: settled.args,
      mounts,
      state: { is: 'created', last: NO_RUN },
      restartCount: 0,
      stoppedByUser: false,
      ...(links.length === 0 ? {} : { links }),
      attachments,
      ...(options.ofBuild ? { ofBuild: true } : {}),
      ...(options.unseen ? { unseen: true } : {}),
      ...NO_SANDBOX,
    };
    const container = new Container(record, deps.storage.records);
    await container.save({}, changes());
    deps.directory.add(container);
    done();
    emitContainerEvent(deps, container, 'create');
    return { Id: id, Warnings: [...settled.warnings, ...platformWarnings(image.platform, wanted)] };
  });
}

/** What removes itself, and ended while no daemon was there, gives its name back. */
async function nameGivenBack({ directory }: WithDirectory, name: string): Promise<void> {
  await directory.named(name)?.certain();
}

/** What is told of an image that is for other machines, unless just that was asked for: it may run all the same, by emulation. */
function platformWarnings(image: WantedPlatform, wanted: WantedPlatform | undefined): string[] {
  const host = hostPlatform();
  // Which variants this processor runs is not looked into.
  if (wanted !== undefined || suits({ ...image, variant: '' }, host)) return [];
  return [
    `The requested image's platform (${platformText(image)}) does not match the detected host platform (${platformText(host)}) and no specific platform was requested`,
  ];
}

/** What its configuration wants mounted. @throws InvalidArgument */
export const plannedMounts = (
  deps: PlanMountsDeps,
  { config, hostConfig }: { readonly config: ContainerConfig; readonly hostConfig: HostConfig },
  { readOnlyIsFlat }: Pick<CreateOptions, 'readOnlyIsFlat'>,
): MountPlan =>
  planMounts(hostConfig, {
    declared: Object.keys(config.Volumes ?? {}),
    mountsOf: (name) => otherContainer(deps, name).record.mounts,
    roots: deps.roots,
    readOnlyIsFlat,
    canReadOnlyRecursively: deps.facts.recursiveReadOnly,
  });

/** @throws InvalidArgument: the request is wrong, nothing it names by its path is missing */
function otherContainer(deps: WithDirectory, name: string): Container {
  try {
    return deps.directory.find(name);
  } catch (error) {
    throw asKind(error, 'invalid');
  }
}

/** The hardware address that the request names, whatever its network is. @throws InvalidArgument */
function askedMacAddress({ NetworkingConfig }: CreateRequest): string | undefined {
  const endpoints = Object.values(NetworkingConfig?.EndpointsConfig ?? {});
  const said = endpoints.map((endpoint) => endpoint?.MacAddress).find(Boolean);
  return said ? formatHardwareAddress(parseHardwareAddress(said)) : undefined;
}

/** What only shows when the parts of a request are seen together. */
function checkTogether(request: CreateRequest, { hostConfig }: Settled): void {
  checkNetworkConflicts(hostConfig, {
    hostname: (request.Hostname ?? '') !== '',
    macAddress: askedMacAddress(request) !== undefined,
    ports: Object.keys(hostConfig.PortBindings ?? {}).length > 0,
    exposed: Object.keys(request.ExposedPorts ?? {}).length > 0,
  });
  publishedPorts(hostConfig, {});
}

/** Options that mean nothing are told of now; dockerd does so when it starts the container. */
async function checkLog(
  deps: WithContainersRoot,
  logged: Logged & Pick<Settled, 'hostConfig'>,
): Promise<void> {
  const settings = readLogSettings(logged.hostConfig.LogConfig);
  await requireSocket(settings.syslog?.address);
  try {
    await shipTarget(deps, logged, settings);
  } catch (error) {
    throw inContext(error, containerContext.openLog());
  }
}
