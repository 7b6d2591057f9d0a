/** Volumes: the endpoints of the newest API. */
import { Volume, VolumeCreateRequest, VolumeList, VolumesPruned } from '../../model/volume.ts';
import { body, empty, json, operation } from './operation.ts';
import { filters, flag } from './query.ts';

export const volumeList = operation({
  route: 'GET /volumes',
  summary: 'List volumes.',
  query: { filters: filters() },
  success: json(200, VolumeList),
  errors: [400, 500],
});

export const volumeCreate = operation({
  route: 'POST /volumes/create',
  summary: 'Create a volume, or find the one of that name.',
  body: body(VolumeCreateRequest, { required: true }),
  success: json(201, Volume),
  errors: [400, 404, 500],
});

export const volumeInspect = operation({
  route: 'GET /volumes/{name}',
  summary: 'Show a volume.',
  success: json(200, Volume),
  errors: [404, 500],
});

export const volumeDelete = operation({
  route: 'DELETE /volumes/{name}',
  summary: 'Remove a volume that no container has.',
  query: { force: flag() },
  success: empty(204),
  errors: [404, 409, 500],
});

export const volumePrune = operation({
  route: 'POST /volumes/prune',
  summary: 'Remove volumes that no container has.',
  query: { filters: filters() },
  success: json(200, VolumesPruned),
  errors: [400, 409, 500],
});
