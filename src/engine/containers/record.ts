/** What is on disk of a container. One row a container; rewritten whole with each change of its state. */
import type { ContainerConfig, Health, HostConfig, MountPoint } from '../../model/container.ts';
import type { Endpoint } from '../../network/index.ts';
import type { ChainId } from '../../storage/index.ts';
import type { State } from './life/state.ts';

/** A mount that was decided at create. `Source` on the host is absolute; binds of `Mounts` must exist at start. */
export interface ContainerMount {
  readonly point: MountPoint;
  readonly options: readonly string[];
  /** A volume that nobody named: it may go with the container. */
  readonly anonymous?: boolean;
  /** What is mounted of a volume or image; undefined: all of it. */
  readonly subpath?: string | undefined;
  /** The layer of its own through which an image is mounted, and the image. */
  readonly layer?: string;
  readonly imageId?: string;
}

export interface ContainerRecord {
  readonly id: string;
  /** Without the slash. */
  readonly name: string;
  /** RFC 3339 with nanoseconds. */
  readonly created: string;
  /** `sha256:…` of the image's config. */
  readonly imageId: string;
  readonly parentLayer: ChainId | undefined;
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  /** What runs: entry point and command put together. */
  readonly path: string;
  readonly args: readonly string[];
  readonly mounts: readonly ContainerMount[];
  readonly state: State;
  /** What the probes of its health check found, in this run and before; absent when there never was one. */
  readonly health?: Health;
  readonly restartCount: number;
  /** It is paused by a verb that was going on; absent: by nobody, or by a client. */
  readonly pausedInPassing?: boolean;
  /** `docker stop` was asked for: `unless-stopped` must not start it again. */
  readonly stoppedByUser: boolean;
  /** An update was saved that the kernel may not have yet; absent: none. */
  readonly limitsPending?: boolean;
  /** The hardware address that was asked for; absent: one is chosen. */
  readonly macAddress?: string;
  /** Its place on the bridge while it runs. */
  readonly endpoint: Endpoint | undefined;
}

export const CONTAINERS = 'containers';
