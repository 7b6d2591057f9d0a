/** What a container is on any host: its command, environment and streams. Images carry the same as defaults. */
import {
  blank,
  boolean,
  type Infer,
  integer,
  list,
  map,
  object,
  optional,
  string,
  words,
} from '../base/schema.ts';

/** How a container's health is found out. Times are in nanoseconds; 0 inherits the image's. */
export const HealthConfig = object('HealthcheckConfig', {
  Test: optional(list(string())),
  Interval: optional(integer()),
  Timeout: optional(integer()),
  StartPeriod: optional(integer()),
  StartInterval: optional(integer()),
  Retries: optional(integer('int')),
});
export type HealthConfig = Infer<typeof HealthConfig>;

/** Go's `struct{}`: the value of a set's member. */
const Empty = object('struct {}', {});

export const configMembers = {
  Hostname: blank(string()),
  Domainname: blank(string()),
  User: blank(string()),
  AttachStdin: blank(boolean()),
  AttachStdout: blank(boolean()),
  AttachStderr: blank(boolean()),
  ExposedPorts: optional(map(Empty)),
  Tty: blank(boolean()),
  OpenStdin: blank(boolean()),
  StdinOnce: blank(boolean()),
  Env: blank(list(string())),
  Cmd: blank(words()),
  Healthcheck: optional(HealthConfig),
  ArgsEscaped: optional(boolean()),
  Image: blank(string()),
  Volumes: blank(map(Empty)),
  WorkingDir: blank(string()),
  Entrypoint: blank(words()),
  NetworkDisabled: optional(boolean()),
  OnBuild: optional(list(string())),
  Labels: blank(map(string())),
  StopSignal: optional(string()),
  StopTimeout: optional(integer('int')),
  Shell: optional(words()),
};

/** `Config` of a container and of an image. */
export const ContainerConfig = object('Config', configMembers);
export type ContainerConfig = Infer<typeof ContainerConfig>;
