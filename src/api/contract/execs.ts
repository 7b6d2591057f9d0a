/** Further processes in running containers: the endpoints of the newest API. */
import { ExecCreateRequest, ExecCreateResponse, ExecInspect, ExecStartRequest } from '../../model/exec.ts';
import { body, empty, hijack, json, operation } from './operation.ts';
import { dimension } from './query.ts';

export const execCreate = operation({
  route: 'POST /containers/{name}/exec',
  summary: 'Prepare a further process in a running container.',
  body: body(ExecCreateRequest),
  success: json(201, ExecCreateResponse),
  errors: [400, 404, 409, 500],
});

export const execStart = operation({
  route: 'POST /exec/{id}/start',
  summary: 'Run a prepared process; unless detached, the connection becomes its streams.',
  body: body(ExecStartRequest),
  success: hijack(200, { failsInside: true }),
  errors: [400, 404, 409, 500],
});

export const execResize = operation({
  route: 'POST /exec/{id}/resize',
  summary: "Set the size of a further process's terminal.",
  query: { h: dimension('height'), w: dimension('width') },
  success: empty(200),
  errors: [400, 404, 409, 500],
});

export const execInspect = operation({
  route: 'GET /exec/{id}/json',
  summary: 'Show a further process.',
  success: json(200, ExecInspect),
  toldWithContainer: true,
  errors: [404, 500],
});
