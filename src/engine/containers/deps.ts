/** What the container verbs work with. Built once by the daemon, handed to each verb. */
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { BridgeNetwork } from '../../network/index.ts';
import type { Download } from '../../registry/index.ts';
import { DEFAULT_LIMITS, type LogDrivers, OutputWriter, type Supervisor } from '../../runtime/index.ts';
import type { ChainId, Storage } from '../../storage/index.ts';
import type { EventHub } from '../events/events.ts';
import type { ExecTable } from '../execs/exec.ts';
import type { ImageCommits } from '../images/commit.ts';
import type { MountedVolumes, VolumeService } from '../volumes/index.ts';
import type { Container } from './container.ts';
import type { Directory } from './directory.ts';
import { type LogSettings, readLogSettings } from './logs/settings.ts';
import type { HostFacts } from './settle/host-config.ts';
import type { ImageConfig } from './settle/settle.ts';

/** An image as a container's ground: found by any of its names. @throws NotFound */
export interface ImageSource {
  resolve(name: string): {
    readonly id: string;
    readonly parent: string | undefined;
    readonly config: ImageConfig;
    readonly chainId: ChainId | undefined;
  };
  has(id: string): boolean;
}

export interface ContainersDeps {
  readonly storage: Storage;
  readonly images: ImageSource & ImageCommits;
  readonly volumes: VolumeService;
  readonly mountedVolumes: MountedVolumes;
  /** Undefined: the daemon was told to have no bridge. */
  readonly network: BridgeNetwork | undefined;
  readonly supervisor: Supervisor;
  readonly events: EventHub;
  readonly directory: Directory;
  readonly execs: ExecTable;
  readonly log: Log;
  /** One directory a container: its log and the files that are mounted over the image's. */
  readonly containersRoot: string;
  /** Where sources of mounts are held while a container starts; below the exec root. */
  readonly stagedMountsRoot: string;
  /** The engine's own directories, which no container may have mounted. */
  readonly roots: readonly string[];
  readonly facts: HostFacts;
  readonly hostCapabilities: ReadonlySet<string>;
  /** This daemon's own hard limits by name; none may be exceeded without CAP_SYS_RESOURCE. */
  readonly hardLimits: ReadonlyMap<string, number>;
  readonly defaultUlimits: ReadonlyMap<string, { readonly soft: number; readonly hard: number }>;
  /** Where containers' cgroups lie that ask for no other place. */
  readonly cgroupParent: string;
  /** The program that `Init` asks for; undefined: the host has none. */
  readonly initPath: string | undefined;
  readonly dns: {
    readonly servers: readonly string[];
    readonly search: readonly string[];
    readonly options: readonly string[];
  };
  /** Carries logs to their drivers' files and daemons. */
  readonly logDrivers: LogDrivers;
  /** Gets what lies on the web; dispose of it. */
  readonly download: (url: URL, signal: AbortSignal) => Promise<Download>;
  readonly now: () => Date;
  readonly newId: () => string;
  readonly random: () => number;
  /** What goes on after its answer was sent: the daemon's orderly end waits for it. */
  readonly background: Set<Promise<void>>;
  /** True from the moment when the daemon is told to stop: restart policies rest. */
  readonly stopping: () => boolean;
}

/** Tells what happened to a container, with its name, image and labels. */
export function tell(
  deps: Pick<ContainersDeps, 'events'>,
  container: Container,
  action: string,
  more: Readonly<Record<string, string>> = {},
): void {
  const { id, name, config } = container.record;
  deps.events.emit({
    Type: 'container',
    Action: action,
    id,
    attributes: { ...config.Labels, image: config.Image ?? '', name, ...more },
  });
}

/** The container's log, open for writing, as large as its options say. */
export const openLog = (
  deps: Pick<ContainersDeps, 'containersRoot' | 'log'>,
  { record }: Container,
): OutputWriter =>
  new OutputWriter(logDirectory(deps, record.id), logSettings(deps, record)?.limits ?? DEFAULT_LIMITS);

/** Undefined for options that only an earlier version took: no process, and no log, is lost because of them. */
export function logSettings(
  { log }: Pick<ContainersDeps, 'log'>,
  { id, hostConfig }: Container['record'],
): LogSettings | undefined {
  try {
    return readLogSettings(hostConfig.LogConfig);
  } catch (error) {
    log.warn('log.options', { id, reason: messageOf(error) });
    return undefined;
  }
}

export const logDirectory = (deps: Pick<ContainersDeps, 'containersRoot'>, id: string): string =>
  `${deps.containersRoot}/${id}/log`;
