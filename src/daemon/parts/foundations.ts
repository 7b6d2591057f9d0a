/** What the engine stands on: storage, the supervisor of its processes, network, registries, events. */
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { type EventHub, openEvents } from '../../engine/index.ts';
import { Reactor } from '../../linux/index.ts';
import type { Networks } from '../../network/index.ts';
import { Registries } from '../../registry/index.ts';
import { LogDrivers, type OciRuntime, Supervisor } from '../../runtime/index.ts';
import { openStorage, type Storage } from '../../storage/index.ts';
import { openDescriptorStore } from '../descriptor-store.ts';
import { type Names, namesFor } from '../identity.ts';
import type { DaemonOptions } from '../options.ts';
import { openNetworks } from './networks.ts';

/** Where hosts keep authorities and certificates for registries: ours first, then Docker's customary place. */
const CERTIFICATES = ['/etc/gantry/certs.d', '/etc/docker/certs.d'];

/** Rooms below the engine, open. */
export interface Foundations {
  readonly names: Names;
  readonly runtimes: readonly OciRuntime[];
  readonly supervisor: Supervisor;
  readonly logDrivers: LogDrivers;
  readonly storage: Storage;
  readonly events: EventHub;
  readonly networks: Networks;
  readonly registries: Registries;
}

/** In the order in which one needs the other; `undo` closes them in reverse. */
export async function openFoundations(
  options: DaemonOptions,
  log: Log,
  undo: AsyncDisposableStack,
): Promise<Foundations> {
  const names = namesFor(options.dataRoot);
  const runtimes = [...options.runtimes].map(([name, { path, args }]): OciRuntime => ({ name, path, args }));
  // Its writer thread begins while this one makes the rest.
  const opening = openStorage({
    root: options.dataRoot,
    log,
    mapping: options.idMap && { map: options.idMap, directory: `${options.execRoot}/mapped` },
  });
  opening.catch(() => undefined); // it is told below, unless something else fails first
  undo.defer(async () => (await opening).close());
  const supervisor = openSupervisor(options, { runtimes, cgroup: names.cgroup }, log, undo);
  undo.defer(() => supervisor.close());
  const logDrivers = new LogDrivers(log);
  undo.defer(() => logDrivers.close());
  const storage = await opening;
  const events = openEvents({ directory: `${options.dataRoot}/events`, log });
  undo.defer(() => events.close());
  if (events.unreadable > 0) log.warn('events.unreadable', { lines: events.unreadable });
  const networks = openNetworks(options, names, log);
  undo.defer(() => networks.close());
  const registries = new Registries({
    mirrors: options.registryMirrors,
    insecure: options.insecureRegistries,
    certificates: CERTIFICATES,
    proxies: options.proxies,
  });
  undo.defer(() => registries.close());
  return { names, runtimes, supervisor, logDrivers, storage, events, networks, registries };
}

/** The supervisor, and the reactor that wakes it. */
function openSupervisor(
  { execRoot, cgroupDriver, realtime }: DaemonOptions,
  own: { readonly runtimes: readonly OciRuntime[]; readonly cgroup: string },
  log: Log,
  undo: AsyncDisposableStack,
): Supervisor {
  const reactor = new Reactor((error) =>
    log.error('reactor', {
      reason: messageOf(error),
      stack: error instanceof Error ? error.stack : undefined,
    }),
  );
  undo.defer(() => reactor.close());
  const descriptorStore = openDescriptorStore(log);
  return new Supervisor({ execRoot, ...own, reactor, log, cgroupDriver, realtime, descriptorStore });
}
