/**
 * What verbs on containers need of the rest of the engine, in small pieces: a verb's dependencies are the pieces that it
 * uses and those of the verbs that it calls. The daemon assembles all of them once.
 */
import type { Log } from '../../base/log.ts';
import type { Endpoints, Networks } from '../../network/index.ts';
import type { Supervisor } from '../../runtime/index.ts';
import type { Storage } from '../../storage/index.ts';
import type { NewEvent } from '../events/events.ts';
import type { ImageSource } from '../images/index.ts';
import type { NetworkCatalog } from '../networks/index.ts';
import type { MountedVolumes } from '../volumes/index.ts';
import type { Container } from './container.ts';
import type { Directory } from './directory.ts';
import type { ContainerRecord } from './record.ts';
import type { HostFacts } from './settle/host-config.ts';

/** Emits events. */
export interface WithEvents {
  readonly events: { emit(event: NewEvent): void };
}

/** Finds containers by name or id. */
export interface WithDirectory {
  readonly directory: Directory;
}

/** Writes the daemon's log. */
export interface WithLog {
  readonly log: Log;
}

/** Layers of images and containers. */
export interface WithLayers {
  readonly storage: Pick<Storage, 'layers' | 'mappedIds'>;
}

/** Holds blobs and layers against removal while a verb uses them. */
export interface WithLeases {
  readonly storage: Pick<Storage, 'lease'>;
}

/** Durable records. */
export interface WithRecords {
  readonly storage: Pick<Storage, 'records'>;
}

/** Volumes on the disk. */
export interface WithVolumeStore {
  readonly storage: Pick<Storage, 'volumes'>;
}

/** Finds images by name or id. */
export interface WithImages {
  readonly images: ImageSource;
}

/** Devices of volumes, mounted while somebody uses them. */
export interface WithMountedVolumes {
  readonly mountedVolumes: MountedVolumes;
}

/** Runs processes by an OCI runtime. */
export interface WithSupervisor {
  readonly supervisor: Supervisor;
}

/** The host's control groups. */
export interface WithCgroups {
  readonly supervisor: Pick<Supervisor, 'cgroups'>;
}

/** Networks of the engine's, the sandboxes that are on them, and what clients call them. */
export interface WithNetworks {
  readonly networks: Networks;
  readonly catalog: NetworkCatalog;
}

/** What containers on networks that users made are found by there. */
export interface Names {
  /** The container answers to its names on the networks of these endpoints, its own unless said, and on no others. */
  renew(record: ContainerRecord, endpoints?: Endpoints): void;
  /** Nobody finds the container any more. */
  forget(containerId: string): void;
  /**
   * Where the sandbox is on such a network it has a name server from now on, which sees what this container may: its
   * owner, or, where that is gone, who runs in it. @throws NetlinkError, SystemError
   */
  serve(container: Container, sandboxId: string): Promise<void>;
}

/** Keeps containers' names. */
export interface WithNames {
  readonly names: Names;
}

/** Facts of the host and the daemon's settings, of which a verb names those that it reads. */
export interface WithFacts<K extends keyof HostFacts = keyof HostFacts> {
  readonly facts: Pick<HostFacts, K>;
}

/** Where containers' own files are. */
export interface WithContainersRoot {
  /** One directory a container: its log and the files that are mounted over the image's. */
  readonly containersRoot: string;
}

/** The directories that no container may have mounted. */
export interface WithRoots {
  /** The engine's own directories: the data root and the exec root. */
  readonly roots: readonly string[];
}

/** Work that goes on after its answer was sent. */
export interface WithBackground {
  /** The daemon's orderly end waits for it. */
  readonly background: Set<Promise<void>>;
}

/** Whether the daemon ends. */
export interface WithStopping {
  /** True from the moment when the daemon is told to stop: restart policies rest. */
  readonly stopping: () => boolean;
}

/** Health checks of running containers. The room `health` implements it; containers know no more of it. */
export interface HealthChecks {
  /** A run begins (`fresh`), a paused container goes on, or a daemon finds one that runs: its check begins. */
  begin(container: Container, options: { readonly fresh: boolean }): void;
  /** A run ends or pauses: its check ends, and nobody vouches for its health. The caller saves the record. */
  end(container: Container): void;
  /** Told of every probe that finds a container unhealthy. */
  whenUnhealthy(act: (container: Container) => void): void;
}

/** Begins and ends health checks. */
export interface WithHealth {
  readonly health: HealthChecks;
}
