/** Images: the endpoints of the newest API that running containers needs. */
import { list, object, string } from '../../base/schema.ts';
import { CachedImageRequest } from '../../model/cached-image.ts';
import { HistoryItem, ImageDeleteItem, ImageInspect, ImageSummary } from '../../model/image.ts';
import { AttestationStatement } from '../../model/image-manifest.ts';
import { Progress } from '../../model/progress.ts';
import { ImagesPruned } from '../../model/prune.ts';
import { SearchResult } from '../../model/registry.ts';
import {
  archive,
  archiveBody,
  archiveBodyWhen,
  body,
  bytes,
  empty,
  json,
  lines,
  operation,
  plain,
  REGISTRY_AUTH,
} from './operation.ts';
import { filters, flag, number, text, texts } from './query.ts';

export const imageList = operation({
  route: 'GET /images/json',
  summary: 'List images.',
  query: {
    all: flag(),
    filters: filters(),
    'shared-size': flag(),
    digests: flag(),
    manifests: flag(),
    identity: flag(),
  },
  success: json(200, list(ImageSummary)),
  errors: [400, 500],
});

export const imageInspect = operation({
  route: 'GET /images/{name}/json',
  summary: 'Show everything about an image.',
  query: { manifests: flag(), platform: text() },
  success: json(200, ImageInspect),
  errors: [400, 404, 500],
});

export const imageHistory = operation({
  route: 'GET /images/{name}/history',
  summary: 'Show the layers of an image and how they came about.',
  query: { platform: text() },
  success: json(200, list(HistoryItem)),
  errors: [400, 404, 500],
});

export const imageAttestations = operation({
  route: 'GET /images/{name}/attestations',
  summary: 'List what was attested of an image.',
  query: { platform: texts(), type: texts(), statement: flag() },
  success: json(200, list(AttestationStatement)),
  errors: [400, 404, 500],
});

export const imageTag = operation({
  route: 'POST /images/{name}/tag',
  summary: 'Give an image a further name.',
  query: { repo: text(), tag: text() },
  success: empty(201),
  errors: [400, 404, 409, 500],
});

export const imageDelete = operation({
  route: 'DELETE /images/{name}',
  summary: 'Remove a name of an image, and the image with its last name.',
  query: { force: flag(), noprune: flag(), platforms: texts() },
  success: json(200, list(ImageDeleteItem)),
  errors: [400, 404, 409, 500],
});

export const imagePrune = operation({
  route: 'POST /images/prune',
  summary: 'Remove images without a name, or all that no container was made from.',
  query: { filters: filters() },
  success: json(200, ImagesPruned),
  errors: [400, 409, 500],
});

export const imageLoad = operation({
  route: 'POST /images/load',
  summary: 'Load images from an archive.',
  query: { quiet: flag(true), platform: texts() },
  body: archiveBody,
  success: { ...lines(Progress), failsInside: true },
  errors: [400, 500],
});

export const imageSave = operation({
  route: 'GET /images/{name}/get',
  summary: 'Save an image, or all of a repository, as an archive.',
  query: { platform: texts() },
  success: archive(),
  errors: [400, 404, 500],
});

export const imageSaveSeveral = operation({
  route: 'GET /images/get',
  summary: 'Save several images as one archive.',
  query: { names: texts(), platform: texts() },
  success: archive(),
  errors: [400, 404, 500],
});

export const imageCreate = operation({
  route: 'POST /images/create',
  summary: 'Pull an image from a registry, or import a root file system.',
  query: {
    fromImage: text(),
    fromSrc: text(),
    repo: text(),
    tag: text(),
    message: text(),
    changes: texts(),
    platform: text(),
  },
  headers: { 'X-Registry-Auth': REGISTRY_AUTH },
  body: archiveBodyWhen('fromSrc', '-'),
  success: lines(Progress),
  errors: [400, 404, 500],
});

export const imagePush = operation({
  route: 'POST /images/{name}/push',
  summary: 'Push an image to a registry.',
  query: { tag: text(), platform: text() },
  headers: { 'X-Registry-Auth': REGISTRY_AUTH },
  body: bytes,
  success: lines(Progress),
  errors: [400, 404, 500],
});

export const imageInsert = operation({
  route: 'POST /images/{name}/insert',
  summary: 'Put a file from the web into an image.',
  query: { url: text(), path: text() },
  success: lines(Progress),
  errors: [400, 404, 500],
  lastMinor: 11,
});

export const imageGraph = operation({
  route: 'GET /images/viz',
  summary: 'Draw what images are made of, in the language of Graphviz.',
  success: plain(200),
  errors: [500],
  // From 1.7 on it only told that clients do it.
  lastMinor: 19,
});

export const imageMadeBefore = operation({
  route: 'POST /images/getCache',
  summary: 'Find the image that a step of a build led to before.',
  body: body(CachedImageRequest),
  success: json(200, object('CachedImage', { Id: string() })),
  errors: [404],
  lastMinor: 4,
});

export const imageSearch = operation({
  route: 'GET /images/search',
  summary: 'Find repositories at a registry.',
  query: { term: text(), limit: number(), filters: filters() },
  headers: { 'X-Registry-Auth': REGISTRY_AUTH },
  success: json(200, list(SearchResult)),
  errors: [400, 500],
});
