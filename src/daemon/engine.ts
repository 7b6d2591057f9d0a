/** Builds the engine and what it stands on, in the order in which one needs the other. */
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { VERSION } from '../base/release.ts';
import { nowNanos } from '../base/time.ts';
import {
  type ContainersDeps,
  createContainers,
  createExecs,
  createImages,
  Directory,
  type Engine,
  HeldImages,
  imageUsers,
  NetworkService,
  networkMembers,
  type Recovery,
  recoverContainers,
  restartByPolicy,
  VolumeService,
  volumeUsers,
} from '../engine/index.ts';
import type { DaemonOptions } from './options.ts';
import { buildBuilder } from './parts/builds.ts';
import { containerNeeds, execNeeds } from './parts/containers.ts';
import { type Foundations, openFoundations } from './parts/foundations.ts';
import { readAbilities } from './parts/host.ts';
import { openCatalog } from './parts/networks.ts';
import { newId } from './parts/new-id.ts';
import { reloadEvent } from './parts/reload-event.ts';
import { buildSystem } from './parts/system.ts';

/** The engine, and what its daemon must do with it. */
export interface Built {
  readonly engine: Engine;
  readonly version: { readonly engineVersion: string };
  /** What `info` warns its reader of: who can reach the engine. */
  readonly openDoors: string[];
  /** Containers of an earlier daemon are adopted, then restart policies begin to act. Call it when clients are served. */
  begin(): void;
  /** Told to whoever listens to events: what could be read again was. */
  reloaded(): void;
  /** Restart policies rest; events end. */
  stop(): void;
  close(): Promise<void>;
}

/** @throws when a room cannot be built: what was built before is closed again */
export async function buildEngine(options: DaemonOptions, log: Log): Promise<Built> {
  await using undo = new AsyncDisposableStack();
  const foundations = await openFoundations(options, log, undo);
  const { events } = foundations;
  const directory = new Directory();
  const held = new HeldImages();
  const images = await buildImages(options, foundations, { directory, held }, log);
  const abilities = readAbilities(foundations, log);
  const background = new Set<Promise<void>>();
  const volumes = buildVolumes(foundations, directory, background);
  let stopping = false;
  const catalog = await openCatalog(foundations.networks, { ...foundations, log }, options);
  const shared = { catalog, directory, images, volumes, background, stopping: () => stopping };
  const forExecs = execNeeds(options, foundations, abilities, shared, log);
  const forContainers = containerNeeds(options, foundations, shared, forExecs);
  const recovery = await recoverContainers(forContainers);
  let recovered: Promise<void> | undefined;
  const containers = createContainers(forContainers);
  const builds = await buildBuilder(options, foundations, { containers, held, images }, log);
  const openDoors: string[] = [];
  const system = buildSystem(options, foundations, abilities, {
    openDoors,
    usage: { builds, containers, images, volumes },
    imageCount: async () => (await images.list({ all: true, filters: new Map(), sharedSize: false })).length,
    directory,
  });
  const rooms = undo.move();
  return {
    engine: {
      builds,
      containers,
      execs: createExecs(forExecs),
      images,
      networks: buildNetworks(foundations, forContainers),
      volumes,
      events,
      system,
    },
    version: { engineVersion: VERSION },
    openDoors,
    begin() {
      recovered = finishRecovery(recovery, log).then(() => restartByPolicy(forContainers));
    },
    reloaded: () => events.emit(reloadEvent(options)),
    stop() {
      stopping = true;
      images.stop();
      void builds.stop();
      for (const { monitor } of directory.all()) monitor?.stop();
    },
    async close() {
      await builds.stop();
      await recovered;
      await Promise.allSettled(background);
      await Promise.allSettled(directory.all().map((container) => container.cleanup));
      await rooms.disposeAsync();
    },
  };
}

/** In the background: what fails is logged, and the engine serves all the same. */
async function finishRecovery({ found, finish }: Recovery, log: Log): Promise<void> {
  const began = performance.now();
  try {
    await finish();
    log.info('daemon.recovered', { ...found, milliseconds: Math.round(performance.now() - began) });
  } catch (error) {
    log.error('daemon.not-recovered', { reason: messageOf(error) });
  }
}

const buildImages = (
  options: DaemonOptions,
  { storage, events, registries }: Foundations,
  { directory, held }: { readonly directory: Directory; readonly held: HeldImages },
  log: Log,
) =>
  createImages({
    storage,
    events,
    now: nowNanos,
    usedBy: (imageId) => [...imageUsers(directory, imageId), ...held.users(imageId)],
    log,
    registries,
    transfers: { down: options.maxConcurrentDownloads, up: options.maxConcurrentUploads },
  });

const buildNetworks = (
  { networks: room, storage, events }: Foundations,
  needs: ContainersDeps,
): NetworkService =>
  new NetworkService({
    catalog: needs.catalog,
    room,
    pools: room.pools,
    records: storage.records,
    events,
    members: networkMembers(needs),
    newId,
  });

const buildVolumes = (
  { storage, events }: Foundations,
  directory: Directory,
  background: Set<Promise<void>>,
): VolumeService =>
  new VolumeService({
    store: storage.volumes,
    records: storage.records,
    events,
    users: () => volumeUsers(directory),
    now: () => new Date(),
    newId,
    background,
  });
