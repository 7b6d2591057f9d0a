/** Builds, and the cache that they share: the endpoints of the newest API. */
import { Progress } from '../../model/progress.ts';
import { BuildCachePruned } from '../../model/prune.ts';
import { archiveBodyUnless, empty, json, lines, operation, protocol } from './operation.ts';
import { filters, flag, lenientNumber, number, text, texts } from './query.ts';

export const buildImage = operation({
  route: 'POST /build',
  summary: 'Build an image from a Dockerfile and the files around it.',
  query: {
    dockerfile: text(),
    t: texts(),
    extrahosts: texts(),
    remote: text(),
    q: flag(),
    nocache: flag(),
    cachefrom: text(),
    pull: flag(),
    rm: flag(true),
    forcerm: flag(),
    memory: lenientNumber(),
    memswap: lenientNumber(),
    cpushares: lenientNumber(),
    cpusetcpus: text(),
    cpusetmems: text(),
    cpuperiod: lenientNumber(),
    cpuquota: lenientNumber(),
    cgroupparent: text(),
    buildargs: text(),
    shmsize: number(),
    ulimits: text(),
    squash: flag(),
    labels: text(),
    networkmode: text(),
    platform: text(),
    target: text(),
    outputs: text(),
    version: text(),
    session: text(),
    securityopt: texts(),
    buildid: text(),
    isolation: text(),
  },
  headers: { 'X-Registry-Config': 'A login for each registry: JSON, in base64 that is safe in URLs.' },
  body: archiveBodyUnless('remote'),
  success: lines(Progress),
  errors: [400, 500],
});

export const buildCancel = operation({
  route: 'POST /build/cancel',
  summary: 'End a build by the id that its client gave it.',
  query: { id: text() },
  success: empty(200),
  errors: [400, 500],
});

export const buildSession = operation({
  route: 'POST /session',
  summary: 'Lend a build what it needs of its client: files, secrets, logins. The connection becomes HTTP/2.',
  success: protocol(),
  errors: [400, 500],
});

export const buildGrpc = operation({
  route: 'POST /grpc',
  summary: "Speak to the builder by BuildKit's protocol. The connection becomes HTTP/2.",
  success: protocol(),
  errors: [400, 500],
  isOurs: true,
});

export const buildPrune = operation({
  route: 'POST /build/prune',
  summary: 'Remove what builds left for later ones.',
  query: {
    all: flag(),
    filters: filters(),
    'keep-storage': text(),
    'reserved-space': text(),
    'max-used-space': text(),
    'min-free-space': text(),
  },
  success: json(200, BuildCachePruned),
  errors: [400, 500],
});
