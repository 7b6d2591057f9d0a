/** Containers: the endpoints of the newest API. */

import { list, nullable } from '../../base/schema.ts';
import {
  CommitResponse,
  ContainerChange,
  ContainerConfig,
  ContainerInspect,
  ContainerSummary,
  CopyRequest,
  CreateRequest,
  CreateResponse,
  HostConfig,
  UpdateRequest,
  UpdateResponse,
  WaitResponse,
} from '../../model/container.ts';
import { ContainersPruned } from '../../model/prune.ts';
import { ContainerStats } from '../../model/stats.ts';
import { TopResponse } from '../../model/top.ts';
import {
  archive,
  archiveBody,
  body,
  deferred,
  empty,
  hijack,
  json,
  operation,
  output,
  samples,
  webSocket,
} from './operation.ts';
import { dimension, filters, flag, number, text, texts, time } from './query.ts';

export const containerList = operation({
  route: 'GET /containers/json',
  summary: 'List containers.',
  query: {
    all: flag(),
    limit: number(),
    size: flag(),
    filters: filters(),
  },
  success: json(200, list(ContainerSummary)),
  errors: [400, 404, 500],
});

export const containerCreate = operation({
  route: 'POST /containers/create',
  summary: 'Create a container from an image, without starting it.',
  query: { name: text(), platform: text() },
  body: body(CreateRequest, {
    required: true,
    refused: {
      MacAddress: 'container-wide MAC address no longer supported; use endpoint-specific MAC address instead',
    },
  }),
  success: json(201, CreateResponse),
  errors: [400, 404, 409, 500],
});

export const containerInspect = operation({
  route: 'GET /containers/{name}/json',
  summary: 'Show everything about a container.',
  query: { size: flag() },
  success: json(200, ContainerInspect),
  errors: [404, 500],
});

export const containerLogs = operation({
  route: 'GET /containers/{name}/logs',
  summary: 'Read what a container wrote to its streams.',
  query: {
    follow: flag(),
    stdout: flag(),
    stderr: flag(),
    since: time(),
    until: time({ zeroIsAbsent: true }),
    timestamps: flag(),
    tail: text(),
    details: flag(),
  },
  success: output(),
  errors: [400, 404, 500],
});

export const containerStart = operation({
  route: 'POST /containers/{name}/start',
  summary: 'Start a container.',
  query: { detachKeys: text(), checkpoint: text(), 'checkpoint-dir': text() },
  body: body(HostConfig, { legacy: true }),
  success: empty(204),
  errors: [304, 400, 404, 500],
});

export const containerStop = operation({
  route: 'POST /containers/{name}/stop',
  summary: 'Stop a container: its stop signal, then, after a grace period, SIGKILL.',
  query: { signal: text(), t: number() },
  success: empty(204),
  errors: [304, 400, 404, 500],
});

export const containerRestart = operation({
  route: 'POST /containers/{name}/restart',
  summary: 'Stop a container and start it again.',
  query: { signal: text(), t: number() },
  success: empty(204),
  errors: [400, 404, 500],
});

export const containerKill = operation({
  route: 'POST /containers/{name}/kill',
  summary: 'Send a signal to a container.',
  query: { signal: text() },
  success: empty(204),
  errors: [400, 404, 409, 500],
});

export const containerPause = operation({
  route: 'POST /containers/{name}/pause',
  summary: 'Freeze all processes of a container.',
  success: empty(204),
  errors: [404, 409, 500],
});

export const containerUnpause = operation({
  route: 'POST /containers/{name}/unpause',
  summary: 'Let the processes of a paused container run on.',
  success: empty(204),
  errors: [404, 409, 500],
});

export const containerWait = operation({
  route: 'POST /containers/{name}/wait',
  summary: 'Wait for a container to end, and give its exit code.',
  query: { condition: text() },
  success: deferred(WaitResponse),
  errors: [400, 404, 500],
});

export const containerRename = operation({
  route: 'POST /containers/{name}/rename',
  summary: 'Give a container another name.',
  query: { name: text() },
  success: empty(204),
  errors: [400, 404, 409, 500],
});

export const containerUpdate = operation({
  route: 'POST /containers/{name}/update',
  summary: 'Change the limits of a container.',
  body: body(UpdateRequest),
  success: json(200, UpdateResponse),
  errors: [400, 404, 500],
});

export const containerResize = operation({
  route: 'POST /containers/{name}/resize',
  summary: "Set the size of a container's terminal.",
  query: { h: dimension('height'), w: dimension('width') },
  success: empty(200),
  errors: [400, 404, 409, 500],
});

export const containerAttach = operation({
  route: 'POST /containers/{name}/attach',
  summary: 'Turn the connection into the streams of a container.',
  query: { detachKeys: text(), logs: flag(), stream: flag(), stdin: flag(), stdout: flag(), stderr: flag() },
  success: hijack(200),
  errors: [400, 404, 409, 500],
});

export const containerAttachWebSocket = operation({
  route: 'GET /containers/{name}/attach/ws',
  summary: 'The streams of a container by WebSocket.',
  query: { detachKeys: text(), logs: flag(), stream: flag(), stdin: flag(), stdout: flag(), stderr: flag() },
  success: webSocket(),
  errors: [400, 404, 409, 500],
});

export const containerTop = operation({
  route: 'GET /containers/{name}/top',
  summary: 'List the processes of a container, as the ps of the host shows them.',
  query: { ps_args: text() },
  success: json(200, TopResponse),
  errors: [404, 409, 500],
});

export const containerStats = operation({
  route: 'GET /containers/{name}/stats',
  summary: 'Measure what a container uses, once or every second.',
  query: { stream: flag(true), 'one-shot': flag() },
  success: samples(ContainerStats),
  errors: [400, 404, 500],
});

export const containerPrune = operation({
  route: 'POST /containers/prune',
  summary: 'Remove all containers that do not run.',
  query: { filters: filters() },
  success: json(200, ContainersPruned),
  errors: [400, 409, 500],
});

const path = { path: text() };
const PATH_STAT = { 'X-Docker-Container-Path-Stat': 'What is there: JSON in base64.' };

export const containerArchiveInfo = operation({
  route: 'HEAD /containers/{name}/archive',
  summary: 'Tell in a header what is at a path in a container.',
  query: path,
  success: archive(),
  answerHeaders: PATH_STAT,
  errors: [400, 404, 500],
});

export const containerArchive = operation({
  route: 'GET /containers/{name}/archive',
  summary: 'Read a file or directory of a container as a tar archive.',
  query: path,
  success: archive(),
  answerHeaders: PATH_STAT,
  errors: [400, 404, 500],
});

export const containerPutArchive = operation({
  route: 'PUT /containers/{name}/archive',
  summary: 'Unpack a tar archive in a directory of a container.',
  query: { ...path, noOverwriteDirNonDir: flag(), copyUIDGID: flag() },
  body: archiveBody,
  success: empty(200),
  errors: [400, 404, 500],
});

export const containerCopy = operation({
  route: 'POST /containers/{name}/copy',
  summary: 'Read a file or directory of a container, links followed, as a tar archive.',
  body: body(CopyRequest, { required: true }),
  success: archive(),
  errors: [404, 500],
  lastMinor: 23,
});

export const containerExport = operation({
  route: 'GET /containers/{name}/export',
  summary: "Read all of a container's own files as a tar archive.",
  success: archive('application/octet-stream'),
  errors: [404, 409, 500],
});

export const containerChanges = operation({
  route: 'GET /containers/{name}/changes',
  summary: 'Tell what a container changed of its image.',
  success: json(200, nullable(list(ContainerChange))),
  errors: [404, 500],
});

export const containerCommit = operation({
  route: 'POST /commit',
  summary: 'Make an image of a container.',
  query: {
    container: text(),
    repo: text(),
    tag: text(),
    comment: text(),
    author: text(),
    pause: flag(true),
    changes: texts(),
  },
  body: body(ContainerConfig),
  success: json(201, CommitResponse),
  errors: [400, 404, 409, 500],
});

export const containerDelete = operation({
  route: 'DELETE /containers/{name}',
  summary: 'Remove a container.',
  query: { force: flag(), v: flag(), link: flag() },
  success: empty(204),
  errors: [400, 404, 409, 500],
});
