/** The engine itself: the endpoints of the newest API. */
import { ToldDiskUsage } from '../../model/disk-usage.ts';
import { EventMessage } from '../../model/event.ts';
import { SystemInfo, SystemVersion } from '../../model/system.ts';
import { document, endlessLines, json, operation, plain } from './operation.ts';
import { filters, flag, texts, time } from './query.ts';

export const systemPing = operation({
  route: 'GET /_ping',
  summary: 'Say that the engine is there; the headers say what it can do.',
  success: plain(200),
  errors: [500],
  constant: true,
});

export const systemPingHead = operation({
  route: 'HEAD /_ping',
  summary: 'The headers of GET /_ping alone.',
  success: plain(200),
  errors: [500],
  constant: true,
});

export const systemVersion = operation({
  route: 'GET /version',
  summary: 'Show the versions of the engine, its API and its host.',
  success: json(200, SystemVersion),
  errors: [500],
  toldWithInfo: true,
});

export const systemInfo = operation({
  route: 'GET /info',
  summary: 'Show the engine and its host.',
  success: json(200, SystemInfo),
  errors: [500],
});

export const systemDiskUsage = operation({
  route: 'GET /system/df',
  summary: 'Show how much disk images, containers and volumes take.',
  query: { type: texts(), verbose: flag() },
  success: json(200, ToldDiskUsage),
  errors: [400, 500],
});

export const systemEvents = operation({
  route: 'GET /events',
  summary: 'Follow what happens, or replay what happened.',
  query: { since: time(), until: time(), filters: filters() },
  success: endlessLines(EventMessage),
  errors: [400, 500],
});

export const systemOpenApi = operation({
  route: 'GET /openapi.json',
  summary: 'Show the API of the version that asks, as an OpenAPI document.',
  success: document(),
  errors: [404, 500],
  isOurs: true,
});
