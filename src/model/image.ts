/** Images on the wire, spelled as the newest API spells them. */
import {
  blank,
  boolean,
  type Infer,
  integer,
  list,
  map,
  object,
  optional,
  presentList,
  string,
  words,
} from '../base/schema.ts';
import { HealthConfig } from './config.ts';
import { Descriptor } from './descriptor.ts';
import { Identity, ManifestSummary } from './image-manifest.ts';
import { DriverData } from './storage.ts';

const Empty = object('struct {}', {});

/** An image's defaults for its containers: the configuration of the OCI image, with Docker's additions. */
export const ImageConfig = object('DockerOCIImageConfig', {
  User: optional(string()),
  ExposedPorts: optional(map(Empty)),
  Env: optional(list(string())),
  Entrypoint: optional(words()),
  Cmd: optional(words()),
  Volumes: optional(map(Empty)),
  WorkingDir: optional(string()),
  Labels: optional(map(string())),
  StopSignal: optional(string()),
  ArgsEscaped: optional(boolean()),
  Healthcheck: optional(HealthConfig),
  OnBuild: optional(list(string())),
  Shell: optional(words()),
});
export type ImageConfig = Infer<typeof ImageConfig>;

/** All that is told of one image. */
export const ImageInspect = object('InspectResponse', {
  Id: string(),
  RepoTags: presentList(string()),
  RepoDigests: presentList(string()),
  Comment: optional(string()),
  Created: optional(string()),
  Author: optional(string()),
  Config: ImageConfig,
  Architecture: string(),
  Variant: optional(string()),
  Os: string(),
  OsVersion: optional(string()),
  Size: integer(),
  GraphDriver: optional(DriverData),
  RootFS: object('RootFS', { Type: optional(string()), Layers: optional(list(string())) }),
  Metadata: object('Metadata', { LastTagTime: blank(string()) }),
  /** Of what its name led to at a registry: an index, or the manifest. */
  Descriptor: optional(Descriptor),
  /** Only when asked for. */
  Manifests: optional(list(ManifestSummary)),
  Identity: optional(Identity),
});
export type ImageInspect = Infer<typeof ImageInspect>;

/** An image in a list. */
export const ImageSummary = object('Summary', {
  /** -1: not computed. */
  Containers: integer(),
  /** Seconds since 1970. */
  Created: integer(),
  Id: string(),
  Labels: map(string()),
  ParentId: string(),
  RepoDigests: presentList(string()),
  RepoTags: presentList(string()),
  /** -1: not computed. */
  SharedSize: integer(),
  Size: integer(),
  /** Of what its name led to at a registry: an index, or the manifest. */
  Descriptor: optional(Descriptor),
  /** Only when asked for. */
  Manifests: optional(list(ManifestSummary)),
});
export type ImageSummary = Infer<typeof ImageSummary>;

/** One step of a removal: a tag that went, or a layer. */
export const ImageDeleteItem = object('DeleteResponse', {
  Untagged: optional(string()),
  Deleted: optional(string()),
});
export type ImageDeleteItem = Infer<typeof ImageDeleteItem>;

/** One step of an image's making. */
export const HistoryItem = object('HistoryResponseItem', {
  Comment: string(),
  /** Seconds since 1970. */
  Created: integer(),
  CreatedBy: string(),
  Id: string(),
  Size: integer(),
  Tags: list(string()),
});
export type HistoryItem = Infer<typeof HistoryItem>;
