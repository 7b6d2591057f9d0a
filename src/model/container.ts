/** Containers on the wire, spelled as the newest API spells them. */
import {
  blank,
  boolean,
  type Infer,
  integer,
  list,
  map,
  object,
  optional,
  pointer,
  presentList,
  string,
} from '../base/schema.ts';
import { ContainerConfig, configMembers } from './config.ts';
import { Descriptor } from './descriptor.ts';
import { HostConfig } from './host-config.ts';
import { MountPoint } from './mount.ts';
import { EndpointSettings, NetworkingConfig, NetworkSettings } from './network.ts';
import { DriverData, StorageView } from './storage.ts';

export { ContainerConfig, HealthConfig } from './config.ts';
export { HostConfig, LogConfig, RestartPolicy, UpdateRequest } from './host-config.ts';
export { Mount, MountPoint } from './mount.ts';
export { EndpointSettings, NetworkSettings, PortMap } from './network.ts';

/** The config's members stand beside HostConfig and NetworkingConfig at the top level. */
export const CreateRequest = object('CreateRequest', {
  ...configMembers,
  HostConfig: optional(HostConfig),
  NetworkingConfig: optional(NetworkingConfig),
});
export type CreateRequest = Infer<typeof CreateRequest>;

/** The answer to a create. */
export const CreateResponse = object('CreateResponse', { Id: string(), Warnings: presentList(string()) });
export type CreateResponse = Infer<typeof CreateResponse>;

/** The answer to an update. */
export const UpdateResponse = object('UpdateResponse', { Warnings: list(string()) });
export type UpdateResponse = Infer<typeof UpdateResponse>;

/** Kind: 0 changed, 1 added, 2 removed. */
export const ContainerChange = object('FilesystemChange', { Path: string(), Kind: integer('int') });
export type ContainerChange = Infer<typeof ContainerChange>;

/** Of the copy before 1.24. `HostPath` was the client's own business. */
export const CopyRequest = object('CopyConfig', { Resource: optional(string()) });
export type CopyRequest = Infer<typeof CopyRequest>;

/** The answer to a commit. */
export const CommitResponse = object('IDResponse', { Id: string() });
export type CommitResponse = Infer<typeof CommitResponse>;

/** The answer to a wait. */
export const WaitResponse = object('WaitResponse', {
  StatusCode: integer(),
  Error: optional(object('WaitExitError', { Message: string() })),
});
export type WaitResponse = Infer<typeof WaitResponse>;

const HealthcheckResult = object('HealthcheckResult', {
  Start: string(),
  End: string(),
  ExitCode: integer('int'),
  Output: string(),
});
/** How healthy a container is, and the last results. */
export const Health = object('Health', {
  Status: string(),
  FailingStreak: integer('int'),
  Log: list(HealthcheckResult),
});
export type Health = Infer<typeof Health>;

/** `State` of inspect. */
export const ContainerState = object('State', {
  /** created, running, paused, restarting, removing, exited or dead. */
  Status: string(),
  Running: boolean(),
  Paused: boolean(),
  Restarting: boolean(),
  OOMKilled: boolean(),
  Dead: boolean(),
  Pid: integer('int'),
  ExitCode: integer('int'),
  Error: string(),
  StartedAt: string(),
  FinishedAt: string(),
  Health: optional(Health),
});
export type ContainerState = Infer<typeof ContainerState>;

/** All that is told of one container. */
export const ContainerInspect = object('InspectResponse', {
  Id: string(),
  Created: string(),
  Path: string(),
  Args: presentList(string()),
  State: ContainerState,
  Image: string(),
  ResolvConfPath: string(),
  HostnamePath: string(),
  HostsPath: string(),
  LogPath: string(),
  Name: string(),
  RestartCount: integer('int'),
  Driver: string(),
  Platform: string(),
  MountLabel: blank(string()),
  ProcessLabel: blank(string()),
  AppArmorProfile: blank(string()),
  ExecIDs: pointer(list(string())),
  HostConfig: HostConfig,
  GraphDriver: optional(DriverData),
  /** The manifest that the image came with, while the image is here. */
  ImageManifestDescriptor: optional(Descriptor),
  Storage: optional(StorageView),
  SizeRw: optional(integer()),
  SizeRootFs: optional(integer()),
  Mounts: presentList(MountPoint),
  Config: ContainerConfig,
  NetworkSettings: NetworkSettings,
});
export type ContainerInspect = Infer<typeof ContainerInspect>;

/** A port in a list of containers. */
export const PortSummary = object('PortSummary', {
  IP: optional(string()),
  PrivatePort: integer('uint16'),
  PublicPort: optional(integer('uint16')),
  /** tcp, udp or sctp. */
  Type: string(),
});
export type PortSummary = Infer<typeof PortSummary>;

/** A container in a list. */
export const ContainerSummary = object('Summary', {
  Id: string(),
  Names: list(string()),
  Image: string(),
  ImageID: string(),
  ImageManifestDescriptor: optional(Descriptor),
  Command: string(),
  /** Seconds since 1970. */
  Created: integer(),
  Ports: presentList(PortSummary),
  SizeRw: optional(integer()),
  SizeRootFs: optional(integer()),
  Labels: { ...map(string()), zero: {} },
  State: string(),
  Status: string(),
  HostConfig: object('', { NetworkMode: optional(string()), Annotations: optional(map(string())) }),
  Health: optional(object('HealthSummary', { Status: string(), FailingStreak: integer('int') })),
  NetworkSettings: object('NetworkSettingsSummary', { Networks: map(EndpointSettings) }),
  Mounts: presentList(MountPoint),
});
export type ContainerSummary = Infer<typeof ContainerSummary>;
