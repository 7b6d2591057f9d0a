/** A further process in a running container, on the wire. */
import {
  blank,
  boolean,
  type Infer,
  integer,
  list,
  object,
  optional,
  pointer,
  presentList,
  string,
  words,
} from '../base/schema.ts';

/** What a further process is to be. */
export const ExecCreateRequest = object('ExecCreateRequest', {
  User: blank(string()),
  Privileged: blank(boolean()),
  Tty: blank(boolean()),
  ConsoleSize: optional(list(integer('uint32'))),
  AttachStdin: blank(boolean()),
  AttachStderr: blank(boolean()),
  AttachStdout: blank(boolean()),
  DetachKeys: blank(string()),
  Env: blank(list(string())),
  WorkingDir: blank(string()),
  Cmd: blank(words()),
});
export type ExecCreateRequest = Infer<typeof ExecCreateRequest>;

/** How its start is asked for. */
export const ExecStartRequest = object('ExecStartRequest', {
  Detach: blank(boolean()),
  Tty: blank(boolean()),
  ConsoleSize: optional(list(integer('uint32'))),
});
export type ExecStartRequest = Infer<typeof ExecStartRequest>;

/** The answer to its making. */
export const ExecCreateResponse = object('IDResponse', { Id: string() });
export type ExecCreateResponse = Infer<typeof ExecCreateResponse>;

/** What is told of it. */
export const ExecInspect = object('ExecInspectResponse', {
  ID: string(),
  Running: boolean(),
  /** Null while it has not ended. */
  ExitCode: pointer(integer('int')),
  ProcessConfig: object('ExecProcessConfig', {
    tty: boolean(),
    entrypoint: string(),
    arguments: presentList(string()),
    privileged: optional(boolean()),
    user: optional(string()),
  }),
  OpenStdin: boolean(),
  OpenStderr: boolean(),
  OpenStdout: boolean(),
  CanRemove: blank(boolean()),
  ContainerID: string(),
  /** Go writes these bytes in base64. */
  DetachKeys: blank(string()),
  Pid: integer('int'),
});
export type ExecInspect = Infer<typeof ExecInspect>;
