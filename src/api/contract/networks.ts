/** Networks: the endpoints of the newest API. */
import { presentList } from '../../base/schema.ts';
import {
  NetworkConnectRequest,
  NetworkCreateRequest,
  NetworkCreateResponse,
  NetworkDisconnectRequest,
  NetworkInspect,
  NetworkSummary,
} from '../../model/network.ts';
import { NetworksPruned } from '../../model/prune.ts';
import { body, empty, json, operation } from './operation.ts';
import { filters, flag, text } from './query.ts';

export const networkList = operation({
  route: 'GET /networks',
  summary: 'List networks.',
  query: { filters: filters() },
  success: json(200, presentList(NetworkSummary)),
  errors: [400, 500],
});

export const networkCreate = operation({
  route: 'POST /networks/create',
  summary: 'Create a network.',
  body: body(NetworkCreateRequest, { required: true }),
  success: json(201, NetworkCreateResponse),
  errors: [400, 403, 404, 409, 500],
});

export const networkInspect = operation({
  route: 'GET /networks/{id}',
  summary: 'Show a network and the containers that are on it.',
  query: { verbose: flag(), scope: text() },
  success: json(200, NetworkInspect),
  errors: [400, 404, 500],
});

export const networkDelete = operation({
  route: 'DELETE /networks/{id}',
  summary: 'Remove a network that no container is on.',
  success: empty(204),
  errors: [400, 403, 404, 500],
});

export const networkConnect = operation({
  route: 'POST /networks/{id}/connect',
  summary: 'Put a container on a network.',
  body: body(NetworkConnectRequest, { required: true }),
  success: empty(200),
  errors: [400, 403, 404, 409, 500],
});

export const networkDisconnect = operation({
  route: 'POST /networks/{id}/disconnect',
  summary: 'Take a container off a network.',
  body: body(NetworkDisconnectRequest, { required: true }),
  success: empty(200),
  errors: [400, 403, 404, 409, 500],
});

export const networkPrune = operation({
  route: 'POST /networks/prune',
  summary: 'Remove networks that no container is on.',
  query: { filters: filters() },
  success: json(200, NetworksPruned),
  errors: [400, 409, 500],
});
